import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { jsonFault } from './json-syntax.ts';
import type { ConfigPath, Locate, Location, Problem } from '../problem/problem.ts';

/** A parsed text: its value, and the place of each part in the text. */
export interface ParsedText {
  readonly value: unknown;
  readonly locate: Locate;
  /** Syntax errors with their places. If there are any, `value` is undefined. */
  readonly syntaxErrors: readonly (Location & Pick<Problem, 'message'>)[];
}

/** Reads YAML 1.2, or JSON, which is a subset of it. */
export function parseText(text: string, language: 'yaml' | 'json'): ParsedText {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    stringKeys: true,
    schema: language === 'json' ? 'json' : 'core',
  });
  const locationOf = (offset: number): Location => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const fault = language === 'json' ? jsonFault(text) : undefined;
  // Invalid JSON may be valid YAML with another meaning, so only the first error is reported.
  const syntaxErrors: (Location & Pick<Problem, 'message'>)[] =
    fault === undefined
      ? document.errors.map((error) => ({
          ...locationOf(error.pos[0]),
          message: syntaxMessage(error.code, error.message, language),
        }))
      : [{ ...locationOf(fault.offset), message: fault.message }];
  let value: unknown;
  try {
    if (syntaxErrors.length === 0) value = document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    // Aliases of aliases, which would fill the memory.
    syntaxErrors.push({ line: 1, column: 1, message: `${error instanceof Error ? error.message : String(error)}.` });
  }
  return {
    value,
    locate: (path, at) => {
      const offset = offsetOf(document, path, at);
      return offset === undefined ? undefined : locationOf(offset);
    },
    syntaxErrors,
  };
}

function syntaxMessage(code: string, message: string, language: 'yaml' | 'json'): string {
  const name = language === 'json' ? 'JSON' : 'YAML';
  if (code === 'MULTIPLE_DOCS') return 'expected one document, found several (a line "---" starts another).';
  if (code === 'DUPLICATE_KEY') return 'this key stands here twice.';
  if (code === 'UNEXPECTED_TOKEN' && language === 'yaml') {
    return `this is not valid YAML: ${message} (an address such as "[::1]:80" needs quotes).`;
  }
  return `this is not valid ${name}: ${message}.`;
}

/** The offset of the deepest part of `path` that exists. */
function offsetOf(document: Document, path: ConfigPath, at: 'key' | 'value'): number | undefined {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [index, part] of path.entries()) {
    const step = stepInto(resolveAlias(node, document), part);
    if (step === undefined) return offset;
    const isLast = index === path.length - 1;
    offset = (isLast && at === 'key' ? startOf(step.key) : startOf(step.value)) ?? startOf(step.key) ?? offset;
    node = step.value;
  }
  return offset;
}

function stepInto(node: unknown, part: string | number): { key?: unknown; value: unknown } | undefined {
  if (isSeq(node)) {
    const value = typeof part === 'number' ? node.items[part] : undefined;
    return value === undefined ? undefined : { value };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  return pair && { key: pair.key, value: pair.value };
}

function resolveAlias(node: unknown, document: Document): unknown {
  return isAlias(node) ? (node.resolve(document) ?? node) : node;
}

/** The offset of a node's first character; undefined for a value that is not written (`key:` and no more). */
function startOf(node: unknown): number | undefined {
  if (!isNode(node)) return undefined;
  const range = (node as Node).range;
  if (!range) return undefined;
  const isUnwritten = isScalar(node) && node.value === null && range[0] === range[1];
  return isUnwritten ? undefined : range[0];
}
