import { type Logger, ProxyError } from '@inband/core';
import { errors, type JWTVerifyGetKey } from 'jose';
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
 * Keys at a URL. They are fetched when the first token comes, again after ten minutes, and when a token names a key that is not among them. While
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
  #failure: string | undefined = undefined;

  constructor(url: string, deps: FetchedKeysDeps) {
    this.#url = url;
    this.#deps = deps;
    this.#now = deps.now ?? (() => performance.now());
  }

  /** Rejects with a `ProxyError` of status 503 if there are no keys. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const { keys } = await this.#current();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayTry()) throw error;
      await this.#fetch();
      return (this.#fetched?.keys ?? keys).find(header, token);
    }
  };

  close(): void {
    this.#asker.close();
  }

  async #current(): Promise<Fetched> {
    const age = this.#fetched === undefined ? Infinity : this.#now() - this.#fetched.at;
    if (age > REFRESH && this.#mayTry()) void this.#fetch();
    if (age > LONGEST_USE) {
      this.#fetched = undefined;
      await this.#running;
    }
    if (this.#fetched !== undefined) return this.#fetched;
    const message = 'The keys by which tokens are verified cannot be had.';
    const { setting } = this.#deps;
    throw new ProxyError('connection_limit_reached', message, { fault: 'proxy', status: 503, retryAfter: 10, setting });
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
