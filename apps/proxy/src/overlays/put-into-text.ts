import { type Document, isAlias, isMap, isNode, isScalar, type Node, type Pair, visit } from 'yaml';
import { isDeepStrictEqual } from 'node:util';
import { type ConfigPath, formatPath, isRecord } from '../config/problem/problem.ts';
import { parseYaml } from '../config/text/yaml-document.ts';
import { parseText } from '../config/read/locate.ts';
import { leavesOf, type MergePatch, mergePatch } from '../config/read/merge-patch.ts';

/** The text of a file with a change in it, or why it cannot be put there. */
export type PutResult = { readonly text: string } | { readonly problem: string };

/**
 * Puts a merge patch into the text of a configuration, which keeps its comments and its order. What other places refer to (anchors) is
 * left alone. The result is read once more: it says what the text said, with the patch, or there is no result.
 */
export function putIntoText(text: string, language: 'yaml' | 'json', patch: MergePatch): PutResult {
  const before = parseText(text, language);
  const [error] = before.syntaxErrors;
  if (error !== undefined) return { problem: `line ${error.line}: ${error.message}` };
  const put = language === 'json' ? putIntoJson(text, patch) : putIntoYaml(text, patch);
  if ('problem' in put) return put;
  const after = parseText(put.text, language);
  if (isDeepStrictEqual(after.value, mergePatch(before.value, patch))) return put;
  return { problem: 'the file would say something else than the change does; write it by hand.' };
}

function putIntoJson(text: string, patch: MergePatch): PutResult {
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? 2;
  const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  return { text: `${JSON.stringify(mergePatch(value, escaped(patch)), null, indent)}\n` };
}

function putIntoYaml(text: string, patch: MergePatch): PutResult {
  let result = text;
  for (const [path, value] of leavesOf(patch)) {
    const document = parseYaml(result, PARSED);
    const problem = unreachable(document, path, usedAnchors(document));
    const put = problem === undefined ? putValue(result, document, path, value) : { problem };
    if ('problem' in put) return { problem: `${formatPath(path)}: ${put.problem}` };
    result = put.text;
  }
  return { text: result };
}

const PARSED = { stringKeys: true, merge: true } as const;
/** A text that means itself without quotes, wherever it stands. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z][\w./-]*$/i;

function putValue(text: string, document: Document, path: ConfigPath, value: unknown): PutResult {
  const node = document.getIn(path, true);
  const isPlain = value !== null && typeof value !== 'object';
  // One value for another leaves the rest of the text as it is, to the last space.
  if (isPlain && isScalar(node) && node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED') {
    const [start, end] = node.range ?? [0, 0];
    if (end > start) return { text: text.slice(0, start) + scalarText(escaped(value)) + text.slice(end) };
  }
  const style = { lineWidth: 0, flowCollectionPadding: /[{[] /.test(text), indent: indentOf(text) };
  const before = document.toString(style);
  const problem = setAt(document, path, value);
  if (problem !== undefined) return { problem };
  const after = document.toString(style);
  const kept = keepingLines(text, before, after);
  return { text: isDeepStrictEqual(valueOf(kept), valueOf(after)) ? kept : after };
}

/** Undefined if it is not valid: lines of two styles need not fit. */
function valueOf(text: string): unknown {
  const { value, syntaxErrors } = parseText(text, 'yaml');
  return syntaxErrors.length > 0 ? undefined : value;
}

/** The fewest spaces that a line begins with. */
function indentOf(text: string): number {
  const indents = Array.from(text.matchAll(/^ +(?=[^\s#])/gm), ([{ length }]) => length);
  return indents.length === 0 ? 2 : Math.min(...indents);
}

/**
 * `text` with the change that is between `before` and `after`. `before` is `text` as the library writes it, with other spaces and quotes: where
 * it has the same lines, those without a change stay as they were written.
 */
function keepingLines(text: string, before: string, after: string): string {
  const [written, old, changed] = [linesOf(text), linesOf(before), linesOf(after)];
  if (written.length !== old.length) return after;
  const first = commonLength(old, changed);
  const last = Math.min(
    commonLength(old.toReversed(), changed.toReversed()),
    Math.min(old.length, changed.length) - first,
  );
  return [
    ...written.slice(0, first),
    ...changed.slice(first, changed.length - last),
    ...written.slice(written.length - last),
  ].join('\n');
}

/** Without the end of the last line, and any more empty lines there. */
function linesOf(text: string): string[] {
  return `${text.trimEnd()}\n`.split('\n');
}

function commonLength(one: readonly string[], other: readonly string[]): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

function scalarText(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : JSON.stringify(value);
}

/** Why a path must be left alone; undefined if it need not. */
function unreachable(document: Document, path: ConfigPath, anchors: ReadonlySet<string>): string | undefined {
  for (let depth = 0; depth <= path.length; depth += 1) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isAlias(node)) return 'it stands at an anchor that other places use.';
    if (isNode(node) && holdsAnchor(node, depth === path.length, anchors)) {
      return 'other places use what stands there (an anchor).';
    }
  }
  return undefined;
}

/** Of what is replaced everything counts, of what is around it only itself. */
function holdsAnchor(node: Node, isWhole: boolean, anchors: ReadonlySet<string>): boolean {
  const isUsed = (anchor: unknown): boolean => typeof anchor === 'string' && anchors.has(anchor);
  if (!isAlias(node) && isUsed(Reflect.get(node, 'anchor'))) return true;
  let found = false;
  if (isWhole) visit(node, { Node: (_key, inner) => void (found ||= isUsed(Reflect.get(inner, 'anchor'))) });
  return found;
}

function usedAnchors(document: Document): Set<string> {
  const used = new Set<string>();
  visit(document, { Alias: (_key, { source }) => void used.add(source) });
  return used;
}

/** Returns why it cannot. */
function setAt(document: Document, path: ConfigPath, value: unknown): string | undefined {
  if (value === null) return removeAt(document, path);
  const parent = parentOf(document, path);
  if (parent !== undefined && !isMap(parent)) return 'what is around it is no mapping.';
  document.setIn(path, document.createNode(escaped(value)));
  return undefined;
}

function removeAt(document: Document, path: ConfigPath): string | undefined {
  if (document.hasIn(path)) {
    const parent = parentOf(document, path);
    const isOwn = isMap(parent) && parent.items.some((pair) => keyOf(pair) === path.at(-1));
    if (!isOwn) return 'it comes from a merge key (<<), so it cannot be removed here.';
    document.deleteIn(path);
  }
  return undefined;
}

function keyOf({ key }: Pair): unknown {
  return isScalar(key) ? key.value : key;
}

function parentOf(document: Document, path: ConfigPath): unknown {
  return path.length === 1 ? (document.contents ?? undefined) : document.getIn(path.slice(0, -1), true);
}

/** With `${` written so that it is no variable. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(escaped);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner)]));
}
