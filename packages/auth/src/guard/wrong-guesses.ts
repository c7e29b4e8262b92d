import { ProxyError, type SharedGuesses, type SockAddr } from '@inband/core';
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
  /** Other processes may know of some. */
  readonly isShared: boolean;
}

/** By what they are counted. */
export interface GuessOptions {
  /** The place of the setting, for errors. */
  readonly setting: string;
  /** Milliseconds of a monotonic clock. */
  readonly now?: (() => number) | undefined;
  /** Counts them with other processes. Undefined where there are none. */
  readonly shared?: SharedGuesses | undefined;
}

/**
 * Slows down whoever guesses passwords: counts wrong ones by the network of the client and the user, so that a guesser elsewhere does not lock
 * the user out. Where several processes serve clients, each learns of a wrong guess how many there were at all of them, so that a guesser has one
 * more for each of them at most.
 */
export class WrongGuesses {
  readonly #setting: string;
  readonly #now: () => number;
  readonly #shared: SharedGuesses | undefined;
  /** The oldest first. */
  readonly #guesses = new Map<string, Guesses>();

  constructor({ setting, now = () => performance.now(), shared }: GuessOptions) {
    this.#setting = setting;
    this.#now = now;
    this.#shared = shared;
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

  /** One may be wrong. It counts until that is known, because several at once may not be more guesses than one after another. */
  wrong(client: SockAddr, user: string): void {
    const name = nameOf(client, user);
    const before = this.#known(name);
    this.#keep(name, { count: (before?.count ?? 0) + 1, last: this.#now(), isShared: before?.isShared ?? false });
  }

  /** A guess was wrong indeed, so other processes count it, too. */
  confirm(client: SockAddr, user: string): void {
    if (this.#shared === undefined) return;
    const name = nameOf(client, user);
    const known = this.#known(name);
    if (known !== undefined) this.#guesses.set(name, { ...known, isShared: true });
    this.#shared.wrong(this.#sharedName(name), (count) => this.#learn(name, count));
  }

  /** Undoes a `wrong`, because it was not found out whether it is. */
  undo(client: SockAddr, user: string): void {
    const name = nameOf(client, user);
    const guesses = this.#guesses.get(name);
    if (guesses !== undefined) this.#guesses.set(name, { ...guesses, count: guesses.count - 1 });
  }

  right(client: SockAddr, user: string): void {
    if (this.#guesses.size === 0) return;
    const name = nameOf(client, user);
    const isShared = this.#guesses.get(name)?.isShared === true;
    this.#guesses.delete(name);
    if (isShared) this.#shared?.right(this.#sharedName(name));
  }

  /** Elsewhere there were more than here. */
  #learn(name: string, count: number): void {
    const known = this.#known(name);
    // A guess was right meanwhile.
    if (known === undefined || known.count >= count) return;
    this.#keep(name, { count, last: this.#now(), isShared: true });
  }

  #known(name: string): Guesses | undefined {
    const known = this.#guesses.get(name);
    return known === undefined || known.last + FORGOTTEN < this.#now() ? undefined : known;
  }

  #keep(name: string, guesses: Guesses): void {
    this.#guesses.delete(name);
    this.#guesses.set(name, guesses);
    if (this.#guesses.size > MOST) this.#forgetOne();
  }

  /** The name under which guesses are counted with other processes. Guesses at one setting are counted together. */
  #sharedName(name: string): string {
    return createHash('sha256').update(`${this.#setting}\n${name}`).digest('base64url');
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
