import { isPromise, type Plugin, ProxyError } from '@inband/core';

/** What a plugin makes, by what it provides. */
const WHAT: Readonly<Record<Plugin['provides'], string>> = {
  chainer: 'chainer',
  resolver: 'resolver',
  discovery: 'discovery',
  'acme-dns': 'DNS service',
  auth: 'authenticator',
  filter: 'filter',
};

/**
 * What `create` of a plugin has returned, looked at because the plugin may be plain JavaScript. Throws a `ProxyError` unless it has every one of
 * `functions`, or with `any` at least one. Nobody waits for a promise; its rejection would end the process.
 */
export function madeBy<Made extends object>(
  { provides, kind }: Pick<Plugin, 'provides' | 'kind'>,
  made: Made,
  functions: readonly (keyof Made & string)[],
  which: 'every' | 'any' = 'every',
): Made {
  const returned: unknown = made;
  const noneMade = (why: string): ProxyError => {
    const message = `The plugin "${kind}" makes no ${WHAT[provides]}: ${why}.`;
    return new ProxyError('proxy_configuration_error', message);
  };
  if (isObject(returned) && isPromise(returned)) {
    returned.then(undefined, () => undefined);
    throw noneMade('its "create" returns a promise, for which nobody waits; it has to return what it makes');
  }
  const missing = functions.filter((name) => !isObject(returned) || typeof Reflect.get(returned, name) !== 'function');
  if (missing.length === 0 || (which === 'any' && missing.length < functions.length)) return made;
  const names = missing.join(', ');
  if (which === 'any') throw noneMade(`it has none of the functions ${names}`);
  throw noneMade(`what its "create" returns has no ${missing.length === 1 ? 'function' : 'functions'} ${names}`);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
