import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Parse } from '../followed/version.ts';

/** The keys of whoever signs tokens (RFC 7517). */
export interface KeySet {
  readonly find: JWTVerifyGetKey;
}

/** Reads a set of keys. A text that is none is a problem, whose message holds nothing of the text. */
export const readKeySet: Parse<KeySet> = (text) => {
  const set = asKeySet(text);
  if (typeof set === 'string') return { content: NO_KEYS, problems: [{ line: undefined, message: set }] };
  return { content: { find: createLocalJWKSet(set) }, problems: [] };
};

export const NO_KEYS: KeySet = { find: createLocalJWKSet({ keys: [] }) };

function asKeySet(text: string): JSONWebKeySet | string {
  try {
    const value: unknown = JSON.parse(text);
    const keys: unknown = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
    if (!Array.isArray(keys)) return 'expected a set of keys (RFC 7517): {"keys": […]}.';
    const isPrivate = keys.some(
      (key: unknown) => typeof key === 'object' && key !== null && ('d' in key || 'k' in key),
    );
    if (isPrivate) return 'a key in it is a private or a secret one; tokens are verified by public keys.';
    // jose looks at each key when it is used.
    return { keys };
  } catch {
    return 'expected a set of keys (RFC 7517) as JSON.';
  }
}
