import { type Logger, ProxyError } from '@inband/core';
import { decodeProtectedHeader, errors, type FlattenedJWSInput, type JWTVerifyGetKey } from 'jose';
import { Asker } from '../ask/asker.ts';
import { type KeySet, readKeySet } from './key-set.ts';

/** Milliseconds after which keys are fetched again. They stay in use meanwhile. */
const REFRESH = 10 * 60_000;
/** Milliseconds for which keys are used that cannot be fetched again. */
const LONGEST_USE = 24 * 3_600_000;
/** Milliseconds between two fetches because of a key that is not there, and after a fetch that failed. */
const PAUSE = 10_000;
/** Milliseconds for one fetch. */
const TIMEOUT = 5_000;
/** Bytes. Sets of keys have a few thousand. */
const MOST = 2 ** 18;
/** Tokens that wait for keys. */
const MOST_WAITING = 256;
/** Keys are found by the header alone. */
const NO_INPUT: FlattenedJWSInput = { payload: '', signature: '' };

interface Fetched {
  readonly keys: KeySet;
  readonly at: number;
}

export interface FetchedKeysDeps {
  readonly logger: Logger;
  /** The place of the setting, for errors. */
  readonly setting: string;
  /** Milliseconds of a monotonic clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Keys at a URL. They are fetched when the first token comes, again after ten minutes, and when a token names a key that is not among them (`ready`). While
 * they cannot be fetched the ones that were stay in use for a day.
 */
export class FetchedKeys implements KeySet {
  readonly #url: string;
  readonly #deps: FetchedKeysDeps;
  readonly #now: () => number;
  readonly #asker = new Asker({ timeout: TIMEOUT, connections: 1 });
  #fetched: Fetched | undefined = undefined;
  #running: Promise<void> | undefined = undefined;
  #lastTry = -Infinity;
  #waiting = 0;
  #failure: string | undefined = undefined;

  constructor(url: string, deps: FetchedKeysDeps) {
    this.#url = url;
    this.#deps = deps;
    this.#now = deps.now ?? (() => performance.now());
  }

  /** Throws a `ProxyError` of status 503 if there are no keys. Does not wait: see `ready`. */
  readonly find: JWTVerifyGetKey = (header, token) => {
    if (this.#fetched === undefined) throw this.#none('The keys by which tokens are verified cannot be had.');
    return this.#fetched.keys.find(header, token);
  };

  /** Waits for the keys of a token, if they are to be fetched. Rejects with a `ProxyError` of status 503 if too many wait. */
  async ready(token: string, algorithms: readonly string[]): Promise<void> {
    const age = this.#fetched === undefined ? Infinity : this.#now() - this.#fetched.at;
    if (age > REFRESH && this.#mayTry()) void this.#fetch();
    if (age > LONGEST_USE) {
      this.#fetched = undefined;
      return this.#wait();
    }
    if ((await this.#isMissing(token, algorithms)) && this.#mayTry()) return this.#wait(this.#fetch());
  }

  close(): void {
    this.#asker.close();
  }

  /** Whether a token is by a key that is not there. One that cannot be read, or is by another algorithm, is not asked about. */
  async #isMissing(token: string, algorithms: readonly string[]): Promise<boolean> {
    try {
      const { alg, ...header } = decodeProtectedHeader(token);
      if (alg !== undefined && algorithms.includes(alg)) await this.#fetched?.keys.find({ ...header, alg }, NO_INPUT);
      return false;
    } catch (error) {
      return error instanceof errors.JWKSNoMatchingKey;
    }
  }

  async #wait(running = this.#running): Promise<void> {
    if (this.#waiting >= MOST_WAITING)
      throw this.#none('Too many tokens wait for the keys by which they are verified.');
    this.#waiting += 1;
    await running;
    this.#waiting -= 1;
  }

  #none(message: string): ProxyError {
    const { setting } = this.#deps;
    return new ProxyError('connection_limit_reached', message, {
      fault: 'proxy',
      status: 503,
      retryAfter: 10,
      setting,
    });
  }

  #mayTry(): boolean {
    return this.#running !== undefined || this.#now() - this.#lastTry >= PAUSE;
  }

  /** Joins a fetch that runs. Never rejects. */
  #fetch(): Promise<void> {
    this.#running ??= this.#fetchOnce().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #fetchOnce(): Promise<void> {
    const { logger } = this.#deps;
    this.#lastTry = this.#now();
    try {
      const { status, text } = await this.#asker.ask({
        url: this.#url,
        headers: { accept: 'application/jwk-set+json, application/json' },
        mostBytes: MOST,
      });
      if (status !== 200) throw new Error(`the status is ${status}`);
      const { content, problems } = readKeySet(text);
      const [problem] = problems;
      if (problem !== undefined) throw new Error(problem.message);
      this.#fetched = { keys: content, at: this.#now() };
      if (this.#failure !== undefined) logger.info({ url: this.#url }, 'the keys of tokens are fetched again');
      this.#failure = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== this.#failure) logger.warn({ url: this.#url, why }, 'the keys of tokens cannot be fetched');
      this.#failure = why;
    }
  }
}
