import { childrenOf, isNode, nameOf, nodesIn, parseSource, type Node } from './syntax.ts';

/** What declares a test; `e2e` is the one of `test/e2e/lab.ts`. */
const TESTS: ReadonlySet<string | undefined> = new Set(['test', 'it', 'e2e']);

/**
 * The tests of a source, as they are written there: `title`, or `group › title` for one in a `describe`. What a title
 * is made from (`%s`, `${name}`) is not filled in.
 */
export function testTitles(source: string): readonly string[] {
  return parseSource(source).flatMap((node) => titlesIn(node, source, []));
}

/** How many of `titles` a reference means: the whole title, or an end of it that begins at a group. */
export function countTitle(titles: readonly string[], reference: string): number {
  return titles.filter((title) => title === reference || title.endsWith(` › ${reference}`)).length;
}

function titlesIn(node: Node, source: string, groups: readonly string[]): readonly string[] {
  const called = node.type === 'CallExpression' ? rootName(node.callee) : undefined;
  const title = called === undefined ? undefined : firstText(node, source);
  if (title !== undefined && TESTS.has(called)) return [[...groups, title].join(' › ')];
  const inner = title !== undefined && called?.startsWith('describe') === true ? [...groups, title] : groups;
  return childrenOf(node).flatMap((child) => titlesIn(child, source, inner));
}

/** `test` of `test.each([…])('…')`. */
function rootName(callee: unknown): string | undefined {
  if (!isNode(callee)) return undefined;
  if (callee.type === 'MemberExpression') return rootName(callee.object);
  if (callee.type === 'CallExpression') return rootName(callee.callee);
  return nameOf(callee);
}

/** The first argument that is text, templates as they stand in the source. */
function firstText({ arguments: given }: Node, source: string): string | undefined {
  for (const argument of nodesIn(given)) {
    if (argument.type === 'Literal' && typeof argument.value === 'string') return argument.value;
    if (argument.type === 'TemplateLiteral') return source.slice(Number(argument.start) + 1, Number(argument.end) - 1);
  }
  return undefined;
}
