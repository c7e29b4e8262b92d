import { isMap, isNode, isScalar, type Pair, type YAMLMap } from 'yaml';
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../problem/problem.ts';
import { isWithinNesting } from '../text/nesting.ts';
import { parseYaml } from '../text/yaml-document.ts';
import type { PushedFiles } from './config-files.ts';
import { LOCAL_SECTIONS } from './pushed-source.ts';

const IS_LOCAL: ReadonlySet<unknown> = new Set(LOCAL_SECTIONS);
/** Whether a text may have such a section, so that others need not be parsed. */
const MAY_HAVE = new RegExp(`["']?(?:${LOCAL_SECTIONS.join('|')}|state)["']?\\s*:`);
/** A key within a section that others have: see `withPushed`. */
const [SECTION, LOCAL_KEY] = ['acme', 'state'];

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
  if (!isWithinNesting(value)) return text;
  const rest = withoutKeys(value, left);
  return rest === value ? text : jsonOf(rest);
}

function ofYaml(text: string, left: Set<string>): string {
  const document = parseYaml(text, PARSED);
  const { contents } = document;
  if (document.errors.length > 0 || !isMap(contents)) return text;
  const value: unknown = document.toJS();
  const rest = withoutKeys(value, left);
  if (rest === value) return text;
  const blank = localPairs(contents).reduce(withoutPair, text);
  if (contents.flow !== true && isDeepStrictEqual(valueOf(blank), rest)) return blank;
  for (const { key } of contents.items.filter(isLocalPair)) document.delete(key);
  if (isMap(document.get(SECTION))) document.deleteIn([SECTION, LOCAL_KEY]);
  try {
    const written = document.toString({ lineWidth: 0 });
    if (isDeepStrictEqual(valueOf(written), rest)) return written;
  } catch {
    // An alias refers to what stood in one of them.
  }
  // Which is YAML, too.
  return jsonOf(rest);
}

function localPairs(contents: YAMLMap): Pair[] {
  const section = contents.get(SECTION);
  const within = isMap(section) ? section.items.filter(({ key }) => isScalar(key) && key.value === LOCAL_KEY) : [];
  return [...contents.items.filter(isLocalPair), ...within];
}

function isLocalPair({ key }: Pair): boolean {
  return isScalar(key) && IS_LOCAL.has(key.value);
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function valueOf(text: string): unknown {
  const document = parseYaml(text, PARSED);
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
  const section = value[SECTION];
  const isWithin = isRecord(section) && LOCAL_KEY in section;
  if (isWithin) left.add(`${SECTION}.${LOCAL_KEY}`);
  if (found.length === 0 && !isWithin) return value;
  const rest = Object.entries(value).filter(([key]) => !IS_LOCAL.has(key));
  return Object.fromEntries(rest.map(([key, one]) => [key, key === SECTION ? withoutKey(one) : one]));
}

function withoutKey(section: unknown): unknown {
  if (!isRecord(section)) return section;
  return Object.fromEntries(Object.entries(section).filter(([key]) => key !== LOCAL_KEY));
}
