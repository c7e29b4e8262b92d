import { isMap, isNode, isScalar, type Pair, parseDocument } from 'yaml';
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../problem/problem.ts';
import type { PushedFiles } from './config-files.ts';
import { LOCAL_SECTIONS } from './pushed-source.ts';

const IS_LOCAL: ReadonlySet<unknown> = new Set(LOCAL_SECTIONS);
/** Whether a text may have such a section, so that others need not be parsed. */
const MAY_HAVE = new RegExp(`["']?(?:${LOCAL_SECTIONS.join('|')})["']?\\s*:`);

const PARSED = { stringKeys: true, merge: true } as const;

type Files = Omit<PushedFiles, 'name'>;

/**
 * Files without the sections that each member has from its own file, so that nothing of these goes to others, and the names of those that were there. Lines stay
 * where they were, so that messages about the rest name the line that its author knows.
 */
export function withoutLocal(files: Files): { readonly files: Files; readonly left: readonly string[] } {
  const left = new Set<string>();
  const texts = Object.entries(files.texts).map(([path, text]): [string, string] => {
    if (!MAY_HAVE.test(text)) return [path, text];
    return [path, restOf(path, text, left)];
  });
  return { files: { ...files, texts: Object.fromEntries(texts) }, left: [...left].toSorted() };
}

/** What is nested too deeply, or has aliases that name nothing or too much, stays as it is, and is refused by whoever reads it. */
function restOf(path: string, text: string, left: Set<string>): string {
  try {
    return path.toLowerCase().endsWith('.json') ? ofJson(text, left) : ofYaml(text, left);
  } catch {
    return text;
  }
}

/** What is no JSON stays as it is, and is refused by whoever reads it. */
function ofJson(text: string, left: Set<string>): string {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return text;
  }
  const rest = withoutKeys(value, left);
  return rest === value ? text : jsonOf(rest);
}

function ofYaml(text: string, left: Set<string>): string {
  const document = parseDocument(text, PARSED);
  const { contents } = document;
  if (document.errors.length > 0 || !isMap(contents)) return text;
  const pairs = contents.items.filter(({ key }) => isScalar(key) && IS_LOCAL.has(key.value));
  if (pairs.length === 0) return text;
  const rest = withoutKeys(document.toJS(), left);
  const blank = pairs.reduce(withoutPair, text);
  if (contents.flow !== true && isDeepStrictEqual(valueOf(blank), rest)) return blank;
  for (const { key } of pairs) document.delete(key);
  try {
    return document.toString({ lineWidth: 0 });
  } catch {
    // An alias refers to what stood in one of them. JSON is YAML, too.
    return jsonOf(rest);
  }
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function valueOf(text: string): unknown {
  const document = parseDocument(text, PARSED);
  if (document.errors.length > 0) return undefined;
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}

/** Blanks in its place, so that everything else stays where it was. */
function withoutPair(text: string, { key, value }: Pair): string {
  const start = isNode(key) ? (key.range?.[0] ?? 0) : 0;
  const end = isNode(value) && value.range ? value.range[1] : isNode(key) ? (key.range?.[1] ?? 0) + 1 : start;
  return text.slice(0, start) + text.slice(start, end).replaceAll(/[^\r\n]/g, ' ') + text.slice(end);
}

/** The same value where there is none. */
function withoutKeys(value: unknown, left: Set<string>): unknown {
  if (!isRecord(value)) return value;
  const found = Object.keys(value).filter((key) => IS_LOCAL.has(key));
  for (const key of found) left.add(key);
  return found.length === 0 ? value : Object.fromEntries(Object.entries(value).filter(([key]) => !IS_LOCAL.has(key)));
}
