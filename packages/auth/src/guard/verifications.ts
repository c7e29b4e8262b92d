import { ProxyError } from '@inband/core';

/** Verifications that run at once, so that logins leave threads of the pool and processors to those who are logged in. */
const AT_ONCE = 2;
const MOST_WAITING = 64;

/** Runs what is expensive, a few at a time. The others wait in a bounded queue. */
export class Verifications {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce = AT_ONCE, mostWaiting = MOST_WAITING) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Rejects with a `ProxyError` of status 503 if too many wait. */
  async run<T>(verify: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await this.#turn();
    else this.#running += 1;
    try {
      return await verify();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) {
      const message = 'Too many logins wait to be verified.';
      throw new ProxyError('connection_limit_reached', message, { fault: 'proxy', retryAfter: 1 });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Of this process, because its processors are what is scarce. */
export const verifications = new Verifications();
