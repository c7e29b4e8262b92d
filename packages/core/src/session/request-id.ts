import type { Session } from './session.ts';

/** Crockford's base 32: no two of its characters look alike. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
/** 40 bits: among a million processes two have the same with a chance of a third. The numbers of their sessions must meet, too. */
const LENGTH = 8;

/** What the ids of all requests of this process begin with. It is random, and no secret. */
export const processTag = Array.from({ length: LENGTH }, () => DIGITS[Math.floor(Math.random() * 32)]).join('');

/**
 * The id of a request or tunnel, by which what a client was told is found in the log: `k3v9x2pq-1042`. Unique over processes
 * and restarts. Made when it is asked for, so that a session carries no text.
 */
export function requestId({ id }: Pick<Session, 'id'>): string {
  return `${processTag}-${id}`;
}
