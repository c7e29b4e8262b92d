import { createHmac, randomBytes } from 'node:crypto';

/** Milliseconds. */
const KEEP_USER = 60_000;
const KEEP_DENIAL = 5_000;
const MOST = 10_000;

interface Known<Verdict> {
  readonly verdict: Verdict;
  readonly until: number;
}

/**
 * What was found about credentials lately. They are kept as hashes under a key of this process, so that neither its memory nor a dump of it
 * has them.
 */
export class Verdicts<Verdict> {
  readonly #key = randomBytes(32);
  readonly #now: () => number;
  /** The oldest first. */
  readonly #known = new Map<string, Known<Verdict>>();

  /** `now`: milliseconds of a monotonic clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** What credentials are known by. */
  nameOf(credentials: string): string {
    return createHmac('sha256', this.#key).update(credentials).digest('base64');
  }

  find(name: string): Verdict | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    if (this.#now() < known.until) return known.verdict;
    this.#known.delete(name);
    return undefined;
  }

  /** `most`: milliseconds for which it is right. */
  keep(name: string, verdict: Verdict, isDenial: boolean, most = Infinity): void {
    this.#known.delete(name);
    this.#known.set(name, { verdict, until: this.#now() + Math.min(isDenial ? KEEP_DENIAL : KEEP_USER, most) });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
  }

  /** To be called when users have changed. */
  clear(): void {
    this.#known.clear();
  }
}
