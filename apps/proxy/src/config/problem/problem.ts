import { ProxyError } from '@inband/core';

/** Where a value stands in a configuration: names and list indices from the top. */
export type ConfigPath = readonly (string | number)[];

/** An error or a warning about a configuration. */
export interface Problem {
  readonly path: ConfigPath;
  readonly message: string;
  /** `key`: the line and column are those of the key, not of its value. */
  readonly at?: 'key' | 'value';
  /** Whether the program starts nevertheless. */
  readonly warning?: boolean;
}

/** A place in a file; both count from 1. */
export interface Location {
  readonly line: number;
  readonly column: number;
  /** The file, if it is not the one that the configuration was named by but one that is included. */
  readonly file?: string;
}

/** Finds the place of a path in a file; undefined if the configuration has no text (a module, an object). */
export type Locate = (path: ConfigPath, at: 'key' | 'value') => Location | undefined;

/** A problem with its place, as far as that is known. */
export interface PlacedProblem {
  readonly severity: 'error' | 'warning';
  readonly file?: string | undefined;
  /** These count from 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** `services.web.mode`; undefined for the whole configuration. */
  readonly path?: string | undefined;
  readonly message: string;
}

/** The configuration has errors. The message has one line per problem. */
export class ConfigError extends ProxyError {
  readonly problems: readonly string[];
  /** The same, in parts. */
  readonly placed: readonly PlacedProblem[];

  constructor(all: readonly (PlacedProblem | string)[]) {
    const placed = all.map((problem): PlacedProblem => {
      return typeof problem === 'string' ? { severity: 'error', message: problem } : problem;
    });
    const problems = placed.map(formatPlaced);
    super('proxy_configuration_error', problems.join('\n'));
    this.problems = problems;
    this.placed = placed;
  }
}

/** `services.web.routes[0].chainer.remote`; a name that would be ambiguous is quoted. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  // Without an iterator, because a large configuration has tens of thousands of paths.
  for (let index = 0; index < path.length; index += 1) {
    const part = path[index]!;
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[\w-]+$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** `inband.yaml:12:7: services.web.mode: expected …`, as far as these are known. */
export function formatProblem(problem: Problem, file: string | undefined, locate?: Locate): string {
  return formatPlaced(placeProblem(problem, file, locate));
}

/** `file` is the name of the configuration. */
export function placeProblem(problem: Problem, file: string | undefined, locate?: Locate): PlacedProblem {
  const location = locate?.(problem.path, problem.at ?? 'value');
  return {
    severity: problem.warning === true ? 'warning' : 'error',
    file: location?.file ?? file,
    line: location?.line,
    column: location?.column,
    path: formatPath(problem.path) || undefined,
    message: problem.message,
  };
}

/** One line of text for a problem. */
export function formatPlaced({ severity, file, line, column, path, message }: PlacedProblem): string {
  const place = file === undefined ? [] : [line === undefined ? file : `${file}:${line}:${column}`];
  const text = severity === 'warning' ? `warning: ${message}` : message;
  return [...place, ...(path === undefined ? [] : [path]), text].join(': ');
}

/** What was found, short enough for a message. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object') return 'a mapping';
  // A module may have values that JSON has not.
  if (typeof value === 'bigint') return `${value}n`;
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The value at `path`, or undefined. */
export function valueAt(value: unknown, path: ConfigPath): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = Reflect.get(current, part);
  }
  return current;
}

/** The path as it is in `value`: without the index of the only item of a list where the item stands in place of the list. */
export function writtenPath(value: unknown, path: ConfigPath): ConfigPath {
  let current = value;
  return path.filter((part) => {
    if (typeof part === 'number' && current !== undefined && !Array.isArray(current)) return false;
    current = valueAt(current, [part]);
    return true;
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
