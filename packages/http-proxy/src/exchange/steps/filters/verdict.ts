import type { FilterAnswer, FilterBody, FilterFieldChanges } from '@inband/core';

/** What a function of a filter may return, all together. */
export interface Verdict {
  readonly fields?: FilterFieldChanges | undefined;
  readonly target?: string | undefined;
  readonly route?: string | undefined;
  readonly parent?: string | undefined;
  readonly body?: FilterBody | undefined;
  readonly respond?: FilterAnswer | undefined;
  readonly deny?: string | undefined;
}

export type Hook = 'onRequest' | 'onResponse' | 'onTunnel';

/** What each of them may return. */
const KEYS: Readonly<Record<Hook, readonly string[]>> = {
  onRequest: ['fields', 'body', 'target', 'route', 'parent', 'respond', 'deny'],
  onResponse: ['fields', 'body', 'respond', 'deny'],
  onTunnel: ['target', 'route', 'parent', 'respond', 'deny'],
};

const TEXTS = ['target', 'route', 'parent', 'deny'] as const;

/** What a filter returned, which may be plain JavaScript. Undefined if nothing is to be other. Throws what is wrong with it. */
export function verdictOf(hook: Hook, returned: unknown): Verdict | undefined {
  if (returned === undefined || returned === null) return undefined;
  if (typeof returned !== 'object') throw new TypeError(`expected an object or nothing, found a ${typeof returned}`);
  const keys = Object.keys(returned);
  const known = KEYS[hook];
  const odd = keys.find((key) => !known.includes(key));
  if (odd !== undefined) throw new TypeError(`"${odd}" means nothing here: it is one of ${known.join(', ')}`);
  const verdict: Verdict = returned;
  for (const key of TEXTS) {
    const text: unknown = verdict[key];
    if (text !== undefined && typeof text !== 'string') throw new TypeError(`"${key}" is no text`);
  }
  for (const key of ['fields', 'respond'] as const) {
    const mapping: unknown = verdict[key];
    if (mapping !== undefined && (typeof mapping !== 'object' || mapping === null))
      throw new TypeError(`"${key}" is no object`);
  }
  if (verdict.body !== undefined && !isBody(verdict.body))
    throw new TypeError('"body" is neither text, bytes, a function nor a stream');
  return verdict;
}

function isBody(body: unknown): boolean {
  if (typeof body === 'string' || typeof body === 'function' || body instanceof Uint8Array) return true;
  return typeof body === 'object' && body !== null && 'readable' in body && 'writable' in body;
}
