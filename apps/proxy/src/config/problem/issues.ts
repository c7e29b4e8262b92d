import type { ChainerPlugin } from '@inband/core';
import { knownKeys } from './known-keys.ts';
import { nearestKey } from './nearest-key.ts';
import { type ConfigPath, describeValue, formatPath, isRecord, type Problem, valueAt } from './problem.ts';

/** Any Standard Schema. */
export type StandardSchema = ChainerPlugin['schema'];
export type StandardResult = Awaited<ReturnType<StandardSchema['~standard']['validate']>>;
/** The issues of a Standard Schema. */
export type StandardIssue = NonNullable<StandardResult['issues']>[number];

/** A schema's issue. It may have zod's fields beside those of Standard Schema. */
type Issue = StandardIssue & {
  readonly code?: string;
  readonly expected?: string;
  readonly keys?: readonly string[];
  readonly values?: readonly unknown[];
  readonly errors?: readonly (readonly Issue[])[];
  readonly issues?: readonly Issue[];
};

/**
 * Turns a schema's issues into problems: what was expected, what was found, and for an unknown key the nearest known
 * one. `value` was validated and stands at `path` of the configuration. `elsewhere` returns the types that have an option of a given
 * name.
 */
export function problemsOf(
  issues: readonly StandardIssue[],
  schema: StandardSchema,
  value: unknown,
  path: ConfigPath = [],
  elsewhere: (key: string) => string | undefined = () => undefined,
): Problem[] {
  return problemsOfIssues(issues, inputJsonSchema(schema), value, path, elsewhere);
}

function problemsOfIssues(
  issues: readonly Issue[],
  jsonSchema: Record<string, unknown>,
  value: unknown,
  path: ConfigPath,
  elsewhere: (key: string) => string | undefined,
): Problem[] {
  const meant = misspelt(issues, jsonSchema, path);
  return issues
    .flatMap((issue) => problemsOfIssue(issue, jsonSchema, value, path, elsewhere))
    .filter((problem) => !meant.has(formatPath(problem.path)));
}

/**
 * Keys that are misspelt: `listners` is reported once, and not a missing `listeners` as well. Neither is what is wrong with the mapping as a whole,
 * for example that it has none of some keys.
 */
function misspelt(issues: readonly Issue[], jsonSchema: Record<string, unknown>, path: ConfigPath): Set<string> {
  return new Set(
    issues
      .filter(({ code }) => code === 'unrecognized_keys')
      .flatMap((issue) => {
        const own = (issue.path ?? []).map(pathPart);
        const nearest = (issue.keys ?? []).map((key) => nearestKey(key, knownKeys(jsonSchema, own)));
        const keys = nearest.filter((key) => key !== undefined);
        return keys.flatMap((key) => [formatPath([...path, ...own]), formatPath([...path, ...own, key])]);
      }),
  );
}

/** By schema, because that of the whole configuration takes longer to make than a configuration to check. */
const jsonSchemas = new WeakMap<StandardSchema, Readonly<Record<string, unknown>>>();

/** The JSON Schema of a schema's input, if its library supports that (`StandardJSONSchema`). */
export function inputJsonSchema(schema: StandardSchema): Readonly<Record<string, unknown>> {
  const known = jsonSchemas.get(schema);
  if (known !== undefined) return known;
  const made = makeInputJsonSchema(schema);
  jsonSchemas.set(schema, made);
  return made;
}

function makeInputJsonSchema(schema: StandardSchema): Record<string, unknown> {
  const converter: unknown = Reflect.get(schema['~standard'], 'jsonSchema');
  const input = isRecord(converter) ? converter.input : undefined;
  if (typeof input !== 'function') return {};
  try {
    const options = { target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } };
    const result: unknown = Reflect.apply(input, converter, [options]);
    return isRecord(result) ? result : {};
  } catch {
    // The library cannot do that for this schema, so there are no suggestions.
    return {};
  }
}

function problemsOfIssue(
  issue: Issue,
  jsonSchema: Record<string, unknown>,
  value: unknown,
  path: ConfigPath,
  elsewhere: (key: string) => string | undefined,
): Problem[] {
  const own = (issue.path ?? []).map(pathPart);
  const at: ConfigPath = [...path, ...own];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(jsonSchema, own);
    return (issue.keys ?? []).map((key) => {
      const owner = own.length === 0 ? elsewhere(key) : undefined;
      const message = owner === undefined ? unknownKey('key', key, known) : `"${key}" is an option of ${owner}.`;
      return { path: [...at, key], at: 'key', message };
    });
  }
  const meant = branchFor(issue, valueAt(value, own));
  if (meant !== undefined) {
    // Paths within a branch are relative to the union.
    const within = meant.map((inner) => ({ ...inner, path: [...(issue.path ?? []), ...(inner.path ?? [])] }));
    return problemsOfIssues(within, jsonSchema, value, path, elsewhere);
  }
  if (issue.code === 'invalid_key') return [{ path: at, at: 'key', message: 'a name must not be empty.' }];
  return [{ path: at, message: wording(issue, valueAt(value, own), knownKeys(jsonSchema, own)) }];
}

/**
 * The issues of the alternative of a union that was probably meant: a mapping was meant for the alternative that is a mapping, a list
 * for the one that is a list.
 */
function branchFor({ code, errors }: Issue, found: unknown): readonly Issue[] | undefined {
  if (code !== 'invalid_union' || !(isRecord(found) || Array.isArray(found))) return undefined;
  const isAtAll = ({ path }: Issue): boolean => (path ?? []).length === 0;
  const isOther = (branch: readonly Issue[]): boolean =>
    branch.some((issue) => isAtAll(issue) && (Array.isArray(found) || isWrong(issue)));
  const isWrong = (issue: Issue): boolean => {
    if (issue.code !== 'invalid_union') return issue.code === 'invalid_type' || issue.code === 'invalid_value';
    // A union within: none of its alternatives is a mapping either.
    return issue.errors !== undefined && issue.errors.length > 0 && issue.errors.every(isOther);
  };
  const fitting = (errors ?? []).filter((branch) => !isOther(branch));
  if (fitting.length < 2 || !isRecord(found)) return fitting.length === 1 ? fitting[0] : undefined;
  // Several are mappings: the one whose keys are there, else the first.
  const [first, ...others] = fitting;
  return others.reduce(
    (best, branch) => (missingIn(branch, found) < missingIn(best, found) ? branch : best),
    first ?? [],
  );
}

/** The number of keys that an alternative needs and `found` lacks. */
function missingIn(branch: readonly Issue[], found: Readonly<Record<string, unknown>>): number {
  return branch.filter(({ code, path = [] }) => {
    const [key] = path;
    return code === 'invalid_type' && path.length === 1 && typeof key === 'string' && found[key] === undefined;
  }).length;
}

function pathPart(part: NonNullable<StandardIssue['path']>[number]): string | number {
  const key = typeof part === 'object' ? part.key : part;
  return typeof key === 'number' ? key : String(key);
}

/** `unknown key "chainner"; did you mean "chainer"?`, or the known ones. */
export function unknownKey(what: string, word: string, known: readonly string[]): string {
  const nearest = nearestKey(word, known);
  const quoted = JSON.stringify(word);
  if (nearest !== undefined) return `unknown ${what} ${quoted}; did you mean "${nearest}"?`;
  if (known.length === 0) return `unknown ${what} ${quoted}.`;
  return `unknown ${what} ${quoted}; known here: ${known.join(', ')}.`;
}

/** `keys`: the keys that the mapping may have. */
function wording(issue: Issue, found: unknown, keys: readonly string[]): string {
  const type = expectation(issue);
  const expected = type === MAPPING && keys.length > 0 ? `${type} with ${someOf(keys)}` : type;
  if (expected === undefined) return sentence(issue.message);
  const nearest = typeof found === 'string' ? nearestKey(found, valuesOf(issue)) : undefined;
  const question = nearest === undefined ? '.' : `; did you mean "${nearest}"?`;
  return `expected ${expected}, found ${describeValue(found)}${question}`;
}

/** The words that would be good, also those of a union's alternatives, and those that a message of a schema lists. */
function valuesOf({ message, values = [], errors = [] }: Issue): string[] {
  const listed = message.startsWith('expected ') ? message.slice('expected '.length).split(/, | or /) : [];
  const words = listed.filter((word) => /^[a-z][a-z\d-]*$/.test(word));
  return [...values.map(String), ...errors.flat().flatMap(valuesOf), ...(words.length > 1 ? words : [])];
}

/** What the issue expected, in our words; undefined if its message is to be used. */
function expectation(issue: Issue): string | undefined {
  if (issue.message.startsWith('expected ')) {
    return issue.message.includes(', found ') ? undefined : issue.message.slice('expected '.length).replace(/\.$/, '');
  }
  if (issue.values !== undefined) return listOf(issue.values.map((value) => JSON.stringify(value)));
  if (issue.code === 'invalid_union') {
    const branches = (issue.errors ?? []).map(([first]) => (first === undefined ? undefined : expectation(first)));
    return listOf([...new Set(branches.filter((branch) => branch !== undefined))]) || undefined;
  }
  if (issue.code === 'invalid_type' && issue.expected !== undefined)
    return TYPE_NAMES[issue.expected] ?? issue.expected;
  const range = /expected .*to (?:be|have) ([<>]=?)(-?\d+)/.exec(issue.message);
  if (range?.[2] === undefined) return undefined;
  const bound = { '>=': 'at least', '<=': 'at most', '>': 'more than', '<': 'less than' }[range[1] ?? ''] ?? '';
  return `${bound} ${range[2]}${/ (items|characters)$/.exec(issue.message)?.[0] ?? ''}`;
}

/** Only some of them, if there are many; the documentation has all. */
function someOf(keys: readonly string[]): string {
  const quoted = keys.slice(0, 6).map((key) => JSON.stringify(key));
  return keys.length > quoted.length ? `${quoted.join(', ')} …` : listOf(quoted);
}

const MAPPING = 'a mapping';

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: MAPPING,
  record: MAPPING,
};

function listOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
