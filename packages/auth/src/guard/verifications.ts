import { ProxyError } from '@inband/core';

/** Verifications that run at once, so that logins leave threads of the pool and processors to those who are logged in. */
const AT_ONCE = 2;
const MOST_WAITING = 64;

/** One that waits for its turn, and the network whose it is. */
interface Waiting {
  readonly network: string;
  readonly begin: () => void;
  readonly refuse: (error: ProxyError) => void;
}

/**
 * Runs what is expensive, a few at a time. The others wait in a bounded queue. If that is full, whoever has fewer in it than another network takes
 * the last place of that one, so that a network that asks for many keeps nobody else from logging in.
 */
export class Verifications {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  constructor(atOnce = AT_ONCE, mostWaiting = MOST_WAITING) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** `network`: that of the client. Rejects with a `ProxyError` of status 503 if too many wait. */
  async run<T>(network: string, verify: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await this.#turn(network);
    else this.#running += 1;
    try {
      return await verify();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next.begin();
    }
  }

  #turn(network: string): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) this.#makeRoom(network);
    return new Promise((begin, refuse) => this.#waiting.push({ network, begin, refuse }));
  }

  /** Throws if the network has as many waiting as any other one. */
  #makeRoom(network: string): void {
    const counts = new Map<string, number>();
    for (const { network: of } of this.#waiting) counts.set(of, (counts.get(of) ?? 0) + 1);
    const most = Math.max(0, ...counts.values());
    if ((counts.get(network) ?? 0) + 1 >= most) throw tooMany();
    const index = this.#waiting.findLastIndex(({ network: of }) => counts.get(of) === most);
    const [last] = this.#waiting.splice(index, 1);
    last?.refuse(tooMany());
  }
}

function tooMany(): ProxyError {
  const message = 'Too many logins wait to be verified.';
  return new ProxyError('connection_limit_reached', message, { fault: 'proxy', retryAfter: 1 });
}

/** Of this process, because its processors are what is scarce. */
export const verifications = new Verifications();
