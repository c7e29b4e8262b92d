import { parseAst } from 'vitest/node';

/** A node of the syntax tree (ESTree, with TypeScript's own kinds), as far as anybody looks at it here. */
export interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The top-level nodes of a TypeScript source. */
export function parseSource(source: string): readonly Node[] {
  const { body }: { body: unknown } = parseAst(source, { lang: 'ts' });
  return nodesIn(body);
}

/** The nodes in a list; nothing when it is none. */
export function nodesIn(list: unknown): readonly Node[] {
  return Array.isArray(list) ? list.filter(isNode) : [];
}

/** The nodes right under `node`, in the order of the source. */
export function childrenOf(node: Node): readonly Node[] {
  return Object.values(node).flatMap((value) => (isNode(value) ? [value] : nodesIn(value)));
}

/** The name that an identifier or a key is written as. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier' && typeof node.name === 'string') return node.name;
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}
