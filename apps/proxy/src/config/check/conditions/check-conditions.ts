import { type ConfigPath, isRecord, type Problem } from '../../problem/problem.ts';

/** The mappings in a list, with their indices. */
type Records = readonly (readonly [index: number, item: Record<string, unknown>])[];

/** Access rules and routes of a service, as they were written. */
export interface WrittenConditions {
  readonly proxy: unknown;
  readonly mode: unknown;
  readonly access: Records;
  readonly routes: Records;
}

/** What is about requests, in rules and in routes. */
const OF_REQUESTS = ['paths', 'path', 'fields', 'field', 'query', 'cookies', 'cookie'];
/** Of these, what a tunnel hides. Of a CONNECT the fields can be seen. */
const HIDDEN = new Set(['paths', 'path', 'query', 'cookies', 'cookie']);

/**
 * Looks at what access rules and routes ask of requests: it is refused where no requests are read, and reported where it can never be met or is
 * met by more than it looks like. `path` is the place of the service.
 */
export function checkConditions(path: ConfigPath, service: WrittenConditions): Problem[] {
  const rules = service.access.flatMap(([index, rule]) =>
    (['allow', 'deny'] as const).flatMap((action) =>
      isRecord(rule[action]) && isOfRequests(rule[action])
        ? checkRule([...path, 'access', index, action], rule[action], { ...service, action })
        : [],
    ),
  );
  const routes = service.routes.flatMap(([index, { match }]) =>
    isRecord(match) && isOfRequests(match) ? checkMatch([...path, 'routes', index, 'match'], match, service) : [],
  );
  return [...rules, ...unreachedRules(path, service.access), ...routes];
}

/** Most of a large configuration asks for nothing else than hosts. */
function isOfRequests(conditions: Record<string, unknown>): boolean {
  return OF_REQUESTS.some((key) => key in conditions);
}

type Where = Pick<WrittenConditions, 'proxy' | 'mode'>;

function checkRule(
  path: ConfigPath,
  rule: Record<string, unknown>,
  { action, ...where }: Where & { readonly action: 'allow' | 'deny' },
): Problem[] {
  const hidden = hiddenOf(rule);
  const common = [...checkGuard(path, rule, where), ...checkPatterns(path, rule)];
  if (hidden === undefined || where.proxy === 'tls') return common;
  if (action === 'allow') return [...common, ...neverMet([...path, hidden], rule.methods)];
  if (where.mode !== 'forward' || rule.methods !== undefined) return common;
  const message =
    'this rule denies every tunnel that its other conditions are met by, because a tunnel hides it. Add "methods": without CONNECT, to leave tunnels to other rules; with it, if this is meant.';
  return [...common, { path: [...path, hidden], at: 'key', warning: true, message }];
}

function checkMatch(path: ConfigPath, match: Record<string, unknown>, where: Where): Problem[] {
  const hidden = hiddenOf(match);
  const common = [...checkGuard(path, match, where), ...checkPatterns(path, match)];
  return hidden === undefined || where.proxy === 'tls'
    ? common
    : [...common, ...neverMet([...path, hidden], match.method)];
}

function hiddenOf(conditions: Record<string, unknown>): string | undefined {
  return Object.keys(conditions).find((key) => HIDDEN.has(key));
}

function neverMet(path: ConfigPath, methods: unknown): Problem[] {
  const all = [methods].flat();
  if (methods === undefined || all.some((method) => method !== 'CONNECT')) return [];
  const message = 'this is never met: a tunnel (CONNECT) hides path, query and cookies of what is asked in it.';
  return [{ path, at: 'key', warning: true, message }];
}

/** A TLS guard has no requests. A route's `path` was always allowed there, and is never met. */
function checkGuard(path: ConfigPath, conditions: Record<string, unknown>, { proxy }: Where): Problem[] {
  if (proxy !== 'tls') return [];
  return OF_REQUESTS.filter((key) => key in conditions).map((key) => {
    if (key !== 'path') return { path: [...path, key], at: 'key', message: 'a TLS guard reads no requests.' };
    const message = 'this route is never taken: a TLS guard reads no requests.';
    return { path: [...path, key], at: 'key', warning: true, message };
  });
}

/** Values that no field and no cookie can have. */
function checkPatterns(path: ConfigPath, conditions: Record<string, unknown>): Problem[] {
  return PATTERNED.flatMap(([key, impossible]) => {
    const named = conditions[key];
    if (!isRecord(named)) return [];
    return Object.entries(named).flatMap(([name, value]) =>
      [value].flat().some((pattern) => typeof pattern === 'string' && impossible.is.test(pattern))
        ? [{ path: [...path, key, name], warning: true, message: impossible.message } satisfies Problem]
        : [],
    );
  });
}

interface Impossible {
  readonly is: RegExp;
  readonly message: string;
}

const FIELD: Impossible = {
  // oxlint-disable-next-line no-control-regex -- what no field has in it
  is: /^[ \t]|[ \t]$|[\x00-\x08\x0a-\x1f\x7f]/,
  message: 'this is never met: the value of a field has no space at its beginning or end, and no control characters.',
};
const COOKIE: Impossible = {
  is: /^\s|\s$|;/,
  message: 'this is never met: the value of a cookie has no ";" in it, and no space at its beginning or end.',
};
const PATTERNED = [
  ['fields', FIELD],
  ['field', FIELD],
  ['cookies', COOKIE],
  ['cookie', COOKIE],
] as const;

/** Rules behind one that every request meets. */
function unreachedRules(path: ConfigPath, access: Records): Problem[] {
  const always = access.findIndex(([, rule]) => meetsAll(rule.allow) || meetsAll(rule.deny));
  const next = access[always + 1];
  if (always === -1 || next === undefined) return [];
  const message = 'this rule and what follows is never reached: the one before it matches every request.';
  return [{ path: [...path, 'access', next[0]], warning: true, message }];
}

function meetsAll(rule: unknown): boolean {
  return isRecord(rule) && Object.keys(rule).every((key) => key === 'reason');
}
