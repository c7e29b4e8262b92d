import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  visit,
  type YAMLMap,
} from 'yaml';
import { parseYaml, TooNested } from '../text/yaml-document.ts';
import { isMergeKey, aliasProblems, mergeSources, type NodeProblem, resolveAlias } from '../text/aliases.ts';
import { jsonFault } from '../text/json-syntax.ts';
import { readPlainJson } from '../text/json-places.ts';
import type { ConfigPath, Locate, Location, Problem } from '../problem/problem.ts';
import { substitute, type Variables } from './variables.ts';

/** A parsed text: its value, and the place of each part in the text. */
export interface ParsedText {
  readonly value: unknown;
  readonly locate: Locate;
  /** Syntax errors with their places. If there are any, `value` is undefined. */
  readonly syntaxErrors: readonly SyntaxProblem[];
}

type SyntaxProblem = Location & Pick<Problem, 'message'>;

/**
 * Reads YAML 1.2 with merge keys (`<<`), or JSON, which is a subset of it, and replaces variables in its texts. `known`: its value, if a
 * faster parser has read it.
 */
export function parseText(
  text: string,
  language: 'yaml' | 'json',
  variables: Variables = process.env,
  known?: { readonly value: unknown },
): ParsedText {
  const plain = language === 'json' ? readPlainJson(text) : undefined;
  if (plain !== undefined) return plain;
  if (known === undefined) return parseWithPlaces(text, language, variables);
  let parsed: ParsedText | undefined;
  // Places are needed for problems only.
  const locate: Locate = (path, at) => (parsed ??= parseWithPlaces(text, language, variables)).locate(path, at);
  return { value: known.value, locate, syntaxErrors: [] };
}

function parseWithPlaces(text: string, language: 'yaml' | 'json', variables: Variables): ParsedText {
  const lineCounter = new LineCounter();
  const locationOf = (offset: number): Location => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const document = documentOf(text, language, lineCounter);
  if (document instanceof TooNested) {
    const { offset, message } = document;
    return { value: undefined, locate: () => undefined, syntaxErrors: [{ ...locationOf(offset), message }] };
  }
  const fault = language === 'json' ? jsonFault(text) : undefined;
  // Invalid JSON may be valid YAML with another meaning, so only the first error is reported.
  const syntaxErrors: SyntaxProblem[] =
    fault === undefined
      ? document.errors.map((error) => ({
          ...locationOf(error.pos[0]),
          message: syntaxMessage(error.code, error.message, language),
        }))
      : [{ ...locationOf(fault.offset), message: fault.message }];
  if (syntaxErrors.length === 0) {
    // Each of them visits every node, which takes long in a large file.
    const aliases = text.includes('*') || text.includes('<<') ? aliasProblems(document) : [];
    // A variable may also be written with an escape.
    const problems = [...aliases, ...(/[$\\]/.test(text) ? replaceVariables(document, variables) : [])];
    syntaxErrors.push(...problems.map(({ node, message }) => ({ ...locationOf(startOf(node) ?? 0), message })));
  }
  return {
    // What aliases repeat is counted above.
    value: syntaxErrors.length === 0 ? document.toJS({ maxAliasCount: -1 }) : undefined,
    locate: (path, at) => {
      const offset = offsetOf(document, path, at);
      return offset === undefined ? undefined : locationOf(offset);
    },
    syntaxErrors,
  };
}

function documentOf(text: string, language: 'yaml' | 'json', lineCounter: LineCounter): Document | TooNested {
  try {
    const schema = language === 'json' ? 'json' : 'core';
    return parseYaml(text, { lineCounter, stringKeys: true, merge: language === 'yaml', schema });
  } catch (error) {
    if (error instanceof TooNested) return error;
    throw error;
  }
}

/** Changes the texts of the document itself, so that every alias of one has the new value. */
function replaceVariables(document: Document, variables: Variables): NodeProblem[] {
  const problems: NodeProblem[] = [];
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string') return;
      const result = substitute(node.value, variables, node.tag === 'tag:yaml.org,2002:str');
      if ('problem' in result) problems.push({ node, message: result.problem });
      else node.value = result.value;
    },
  });
  return problems;
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
    const step = stepInto(resolveAlias(node, document), part, document);
    if (step === undefined) return offset;
    const isLast = index === path.length - 1;
    offset = (isLast && at === 'key' ? startOf(step.key) : startOf(step.value)) ?? startOf(step.key) ?? offset;
    node = step.value;
  }
  return offset;
}

interface Step {
  readonly key?: unknown;
  readonly value: unknown;
}

function stepInto(node: unknown, part: string | number, document: Document): Step | undefined {
  if (isSeq(node)) {
    const value = typeof part === 'number' ? node.items[part] : undefined;
    return value === undefined ? undefined : { value };
  }
  if (!isMap(node)) return undefined;
  return pairsOf(node).get(String(part)) ?? mergedStep(node, part, document);
}

/** The pairs of mappings by their keys: there may be as many problems as a mapping has pairs. */
const pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = pairs.get(map);
  if (known !== undefined) return known;
  const made = new Map<string, Pair>();
  for (const pair of map.items) {
    if (isScalar(pair.key) && !isMergeKey(pair.key) && !made.has(String(pair.key.value)))
      made.set(String(pair.key.value), pair);
  }
  pairs.set(map, made);
  return made;
}

/** What a mapping has from others. The first that has the key counts. */
function mergedStep(map: YAMLMap, part: string | number, document: Document): Step | undefined {
  for (const { key, value } of map.items) {
    if (!isMergeKey(key)) continue;
    for (const source of mergeSources(value, document)) {
      const step = isMap(source) ? stepInto(source, part, document) : undefined;
      if (step !== undefined) return step;
    }
  }
  return undefined;
}

/** The offset of a node's first character; undefined for a value that is not written (`key:` and no more). */
function startOf(node: unknown): number | undefined {
  if (!isNode(node)) return undefined;
  const range = (node as Node).range;
  if (!range) return undefined;
  const isUnwritten = isScalar(node) && node.value === null && range[0] === range[1];
  return isUnwritten ? undefined : range[0];
}
