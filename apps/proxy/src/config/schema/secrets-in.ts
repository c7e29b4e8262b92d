import type { PluginRegistry } from '@inband/core';
import { isRecord } from '../problem/problem.ts';
import { REDACTED } from '../../secrets/secret-texts.ts';
import { isPlain } from '../problem/written.ts';
import { partsOf } from './references-in.ts';

/** Options of plugins whose schemas may not say what is a secret. */
const SECRET_NAME = /pass(?:word|wd|phrase)|secret|token|credential|private[-_]?key|api[-_]?key/i;
/** What stands between the scheme of a URL and its host. A password that was not percent-encoded may hold an "@". */
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#]+@/gi;

/** Fields of messages that carry logins, beside those whose names say so. */
const LOGIN_FIELD = /^(?:authorization|cookie|set-cookie)$|[-_]auth(?:[-_]|$)|[-_]key$|signature/i;
/** Where fields have values, as a path: in rules, and in what a route responds. */
const FIELD_VALUES = /\/"fields"\/"(?:request|response)"\/\d+\/"(?:set|add|append)"$|\/"respond"\/"fields"$/;

/**
 * `written` without its secrets, as plain JSON. A secret is what `schema` marks with `writeOnly` (see {@link secret}), what stands in
 * options of plugins under a name that says so, users with passwords in URLs, and values of fields that carry logins. Of an instance of a class
 * there is the name of the class.
 */
export function redacted(schema: unknown, written: unknown, registry?: PluginRegistry): unknown {
  const marked = new Set<string>();
  mark(schema, written, '', marked);
  return copy(written, '', { marked, registry, isPlugin: false });
}

interface Copying {
  readonly marked: ReadonlySet<string>;
  readonly registry: PluginRegistry | undefined;
  /** Within the options of a plugin. */
  readonly isPlugin: boolean;
}

function mark(schema: unknown, written: unknown, path: string, marked: Set<string>): void {
  if (isSecret(schema)) marked.add(path);
  for (const [inner, value, part] of partsOf(schema, written)) {
    mark(inner, value, part === undefined ? path : below(path, part), marked);
  }
}

function copy(value: unknown, path: string, how: Copying): unknown {
  if (how.marked.has(path) && value !== undefined) return REDACTED;
  if (typeof value === 'string') return value.replace(USER_INFO, `$1${REDACTED}@`);
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map((item, index) => copy(item, below(path, index), how));
  if (!isRecord(value)) return value;
  if (typeof value.provides === 'string' && typeof value.kind === 'string') return `[plugin ${value.kind}]`;
  if (!isPlain(value)) return `[${classOf(value)}]`;
  // Chainers, resolvers, discoveries and DNS services have a type, and options of it.
  const isPlugin = how.isPlugin || typeof value.type === 'string';
  const isFields = FIELD_VALUES.test(path);
  const inner = { ...how, isPlugin, marked: isPlugin ? withOptions(value, path, how) : how.marked };
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const isNamed = (isPlugin && SECRET_NAME.test(key) && item !== undefined) || (isFields && isLogin(key, item));
      // A change of the resolver need not say its type.
      const isResolver = path === '' && key === 'resolver';
      return [
        key,
        isNamed ? REDACTED : copy(item, below(path, key), isResolver ? { ...inner, isPlugin: true } : inner),
      ];
    }),
  );
}

function classOf(instance: object): string {
  const { name } = instance.constructor;
  return name === '' ? 'class' : name;
}

/** Where a value is from (a file, a variable) is none itself. */
function isLogin(field: string, value: unknown): boolean {
  return typeof value === 'string' && (LOGIN_FIELD.test(field) || SECRET_NAME.test(field));
}

/** The secrets that the schema of a plugin marks, beside those that are known. */
function withOptions(value: Record<string, unknown>, path: string, { marked, registry }: Copying): ReadonlySet<string> {
  const { type, ...options } = value;
  if (typeof type !== 'string' || registry === undefined) return marked;
  const all = new Set(marked);
  // One of them is meant, and no other may have a secret in the same place.
  for (const plugin of registry.allOf(type)) mark(plugin.schema, options, path, all);
  return all;
}

function below(path: string, part: string | number): string {
  return `${path}/${JSON.stringify(part)}`;
}

/** Duck-typed, because a plugin may bring a zod of its own. */
function isSecret(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null || !('meta' in schema) || typeof schema.meta !== 'function')
    return false;
  const meta: unknown = schema.meta();
  return isRecord(meta) && meta.writeOnly === true;
}
