import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';
import { compileGlob, type Glob } from './glob.ts';
import { lenientReadings } from './lenient-path.ts';
import { cookieReadings, queryReadings } from './named-values.ts';
import { normalisePath, otherReadings } from './normalise-path.ts';
import { matchesPath, readPathPattern } from './path-pattern.ts';

/** What a field, a parameter of a query or a cookie must be: there (`true`), not there (`false`), or as one of these patterns. */
export type ValueCondition = boolean | readonly string[];

/** Conditions by the names of what they are for. */
export type NamedConditions = Readonly<Record<string, ValueCondition>>;

/** What a rule asks of the request itself, as configured. All that is there must be met. */
export interface RequestConditions {
  /** What the path begins with; with a `*`, what it is as a whole. */
  readonly paths?: readonly string[] | undefined;
  readonly fields?: NamedConditions | undefined;
  readonly query?: NamedConditions | undefined;
  readonly cookies?: NamedConditions | undefined;
}

/** The request that is looked at. What is hidden from the proxy is undefined. Texts have a character for each byte. */
export interface LookedAtRequest {
  /** Path and query as the client wrote them. Undefined for tunnels, in which requests are out of sight. */
  readonly target: string | undefined;
  /** The values of all fields with this name, in lower case. Undefined if the protocol has no fields. */
  valuesOf(name: string): readonly string[] | undefined;
  /** The same with the values of fields that some servers take for it (`x_team`). */
  valuesLike(name: string): readonly string[] | undefined;
}

/**
 * How what can be read in several ways is read: a parameter that comes twice, a path with escapes.
 *
 * - `strict`: each reading must meet the condition, and what is hidden does not. So an allow rule lets through only what is sure, and a route
 *   is taken only by what is meant.
 * - `wide`: one reading is enough, and what is hidden may meet it. So nothing slips past a deny rule.
 */
export type Strictness = 'strict' | 'wide';

/** Conditions on a request, compiled. It is looked at once, when its request is understood. See {@link MetConditions}. */
export interface RequestCondition {
  readonly isMetBy: (request: LookedAtRequest) => boolean;
}

/** The conditions of a service that a request meets. Undefined where there is no request to look at. */
export type MetConditions = ReadonlySet<RequestCondition> | undefined;

/** Whether a request meets a condition that a rule or route has. */
export function isMet(condition: RequestCondition, met: MetConditions, strictness: Strictness): boolean {
  return met === undefined ? strictness === 'wide' : met.has(condition);
}

/** The names under which the conditions stand in the configuration. */
export type ConditionKeys = Readonly<Record<keyof RequestConditions, string>>;

type Test = (request: LookedAtRequest) => boolean;

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Throws {@link PolicyConfigurationError}. Undefined if nothing is asked. */
export function compileRequestCondition(
  base: string,
  path: SettingPath,
  { paths, fields, query, cookies }: RequestConditions,
  { keys, strictness }: { readonly keys: ConditionKeys; readonly strictness: Strictness },
): RequestCondition | undefined {
  if (paths === undefined && fields === undefined && query === undefined && cookies === undefined) return undefined;
  const tests: Test[] = [];
  const refuse = (place: SettingPath, message: string): never => {
    throw new PolicyConfigurationError(base, [...path, ...place], message);
  };
  const isWide = strictness === 'wide';
  if (paths !== undefined)
    tests.push(pathTest(paths, isWide, (index, problem) => refuse([keys.paths, index], problem)));
  const add = (key: 'fields' | 'query' | 'cookies', conditions: NamedConditions | undefined, read: Read): void => {
    if (conditions === undefined) return;
    const named = Object.entries(conditions);
    if (named.length === 0) refuse([keys[key]], 'Nothing is asked here; leave it out.');
    for (const [name, condition] of named) {
      const problem = key === 'query' ? undefined : nameProblem(name);
      if (problem !== undefined) refuse([keys[key], name], problem);
      tests.push(valueTest(name, condition, { read, isWide, refuse: (message) => refuse([keys[key], name], message) }));
    }
  };
  add('fields', fields, fieldReadings);
  add('query', query, queryOf);
  add('cookies', cookies, cookiesOf);
  return tests.length === 0 ? undefined : { isMetBy: (request) => tests.every((test) => test(request)) };
}

function nameProblem(name: string): string | undefined {
  return FIELD_NAME.test(name)
    ? undefined
    : `"${name}" is no name of a field or a cookie: it has characters that none has.`;
}

function pathTest(texts: readonly string[], isWide: boolean, refuse: (index: number, problem: string) => never): Test {
  const patterns = texts.map((text, index) => {
    const read = readPathPattern(text, isWide);
    return 'problem' in read ? refuse(index, read.problem) : read;
  });
  const matches = (path: string): boolean => patterns.some((pattern) => matchesPath(pattern, path));
  return ({ target }) => {
    if (target === undefined) return isWide;
    if (isWide) return lenientReadings(target).some(matches);
    return [target, ...otherReadings(target)].every((reading) => matches(normalisePath(reading)));
  };
}

/** The values that a request has for a name, in each reading. Undefined if they are hidden. */
type Read = (request: LookedAtRequest, name: string, isWide: boolean) => Readings | undefined;
type Readings = readonly (readonly string[])[];

function fieldReadings(request: LookedAtRequest, name: string, isWide: boolean): Readings | undefined {
  const values = request.valuesOf(name.toLowerCase());
  const like = request.valuesLike(name.toLowerCase());
  if (values === undefined || like === undefined) return undefined;
  if (!isWide) return [values, like];
  // A list on one line is the same as on several (RFC 9110 section 5.3), for fields that are lists.
  const elements = like.flatMap((value) => value.split(',').map((element) => element.trim()));
  return [values, like, elements, like.length > 1 ? [like.join(', ')] : like];
}

function queryOf({ target }: LookedAtRequest, name: string, isWide: boolean): Readings | undefined {
  if (target === undefined) return undefined;
  const mark = target.indexOf('?');
  return mark === -1 ? [[]] : queryReadings(target.slice(mark + 1), name, isWide);
}

/** In a tunnel cookies are for the server, so that those of a CONNECT are none of the requests in it. */
function cookiesOf(request: LookedAtRequest, name: string, isWide: boolean): Readings | undefined {
  if (request.target === undefined) return undefined;
  return cookieReadings(request.valuesOf('cookie') ?? [], name, isWide);
}

interface ValueTestOptions {
  readonly read: Read;
  readonly isWide: boolean;
  readonly refuse: (message: string) => never;
}

function valueTest(name: string, condition: ValueCondition, { read, isWide, refuse }: ValueTestOptions): Test {
  // Texts of messages have a character for each byte.
  const bytes = Buffer.from(name, 'utf8').toString('latin1');
  const meets = valuesTest(condition, isWide, refuse);
  return (request) => {
    const readings = read(request, bytes, isWide);
    if (readings === undefined) return isWide;
    return isWide ? readings.some(meets) : readings.every(meets);
  };
}

function valuesTest(
  condition: ValueCondition,
  isWide: boolean,
  refuse: (message: string) => never,
): (values: readonly string[]) => boolean {
  if (typeof condition === 'boolean') return (values) => values.length > 0 === condition;
  if (condition.length === 0) refuse('An empty list matches nothing; write true for any value.');
  const globs = condition.map((text): Glob => {
    const glob = compileGlob(text);
    return typeof glob === 'function' ? glob : refuse(glob.problem);
  });
  const matches = (value: string): boolean => globs.some((glob) => glob(value));
  return isWide ? (values) => values.some(matches) : (values) => values.length > 0 && values.every(matches);
}
