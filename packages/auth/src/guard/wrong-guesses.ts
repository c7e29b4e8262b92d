import { ProxyError, type SockAddr } from '@inband/core';
import { createHash } from 'node:crypto';
import { networkOf } from './network.ts';

/** Wrong guesses in a row that cost nothing. */
const FREE = 5;
/** Milliseconds after the next one; each further one doubles it. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;
/** Milliseconds after which guesses are forgotten. */
const FORGOTTEN = 10 * 60_000;
const MOST = 10_000;
/** Of so many of the oldest the one with the fewest guesses is forgotten, so that guesses about others do not make one forgotten. */
const COMPARED = 8;

interface Guesses {
  readonly count: number;
  readonly last: number;
}

/**
 * Slows down whoever guesses passwords: counts wrong ones by the network of the client and the user, so that a guesser elsewhere does not lock
 * the user out.
 */
export class WrongGuesses {
  readonly #setting: string;
  readonly #now: () => number;
  /** The oldest first. */
  readonly #guesses = new Map<string, Guesses>();

  /** `setting`: the place of the setting, for errors. `now`: milliseconds of a monotonic clock. */
  constructor(setting: string, now: () => number = () => performance.now()) {
    this.#setting = setting;
    this.#now = now;
  }

  /** Throws a `ProxyError` of status 429 if this client has to wait. */
  check(client: SockAddr, user: string): void {
    const guesses = this.#guesses.get(nameOf(client, user));
    if (guesses === undefined || guesses.count <= FREE) return;
    const wait = Math.min(FIRST_WAIT * 2 ** (guesses.count - FREE - 1), LONGEST_WAIT);
    const left = guesses.last + wait - this.#now();
    if (left <= 0) return;
    throw new ProxyError('http_request_denied', 'Too many wrong passwords came from this network for this user.', {
      status: 429,
      retryAfter: Math.ceil(left / 1_000),
      setting: this.#setting,
    });
  }

  wrong(client: SockAddr, user: string): void {
    const name = nameOf(client, user);
    const now = this.#now();
    const before = this.#guesses.get(name);
    const count = before === undefined || before.last + FORGOTTEN < now ? 1 : before.count + 1;
    this.#guesses.delete(name);
    this.#guesses.set(name, { count, last: now });
    if (this.#guesses.size > MOST) this.#forgetOne();
  }

  /** Undoes a `wrong`, because it was not found out whether it is. */
  undo(client: SockAddr, user: string): void {
    const name = nameOf(client, user);
    const guesses = this.#guesses.get(name);
    if (guesses !== undefined) this.#guesses.set(name, { ...guesses, count: guesses.count - 1 });
  }

  right(client: SockAddr, user: string): void {
    if (this.#guesses.size > 0) this.#guesses.delete(nameOf(client, user));
  }

  #forgetOne(): void {
    const oldest = this.#guesses.entries().take(COMPARED).toArray();
    const fewest = oldest.reduce((one, other) => (other[1].count < one[1].count ? other : one));
    this.#guesses.delete(fewest[0]);
  }
}

/** Hashed, so that no user can be made to look like another one, and long names take no memory. */
function nameOf(client: SockAddr, user: string): string {
  return createHash('sha256')
    .update(`${networkOf(client)}\n${user}`)
    .digest('base64');
}
