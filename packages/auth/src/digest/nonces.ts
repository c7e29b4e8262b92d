import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Milliseconds after which a nonce is stale. Clients then take the next one without asking anybody. */
const LIFE = 5 * 60_000;
/** Counts below the highest one that may still come, because clients send over several connections. */
const WINDOW = 64;
/** Nonces of which is known what was used. */
const MOST = 10_000;
const TIME = 6;
const RANDOM = 10;
const MAC = 16;

interface Used {
  readonly made: number;
  readonly highest: number;
  /** A bit for each count that was used, the lowest for the highest count. */
  readonly seen: bigint;
}

/**
 * Nonces that nobody else can make: a time, randomness, and a code by a key of this process. Nothing is kept of one before somebody has logged in
 * with it, so that asking for many takes no memory; then it is known which of its counts were used, so that no request is good twice.
 */
export class Nonces {
  readonly #key = randomBytes(32);
  readonly #now: () => number;
  readonly #most: number;
  /** The one that was used first comes first. */
  readonly #used = new Map<string, Used>();
  /** What was used of nonces that are as old as this may be forgotten. */
  #forgotten = -1;

  /** `now`: milliseconds of a monotonic clock. `most`: of how many nonces is kept what was used. */
  constructor(now: () => number = () => performance.now(), most = MOST) {
    this.#now = now;
    this.#most = most;
  }

  make(): string {
    const body = Buffer.alloc(TIME + RANDOM);
    body.writeUIntBE(Math.floor(this.#now()), 0, TIME);
    randomBytes(RANDOM).copy(body, TIME);
    return Buffer.concat([body, this.#codeOf(body)]).toString('base64url');
  }

  /**
   * Uses a count of a nonce, once: false if it was used before, if the nonce is not ours, or too old. To be called for a response that is
   * right.
   */
  use(nonce: string, count: number): boolean {
    const made = this.#timeOf(nonce);
    if (made === undefined || this.#now() - made > LIFE) return false;
    const known = this.#used.get(nonce);
    if (known === undefined) return made > this.#forgotten && this.#keep(nonce, { made, highest: count, seen: 1n });
    const ahead = count - known.highest;
    if (ahead > 0) {
      const seen = ahead >= WINDOW ? 0n : BigInt.asUintN(WINDOW, known.seen << BigInt(ahead));
      return this.#keep(nonce, { made, highest: count, seen: seen | 1n });
    }
    const bit = 1n << BigInt(-ahead);
    if (-ahead >= WINDOW || (known.seen & bit) !== 0n) return false;
    return this.#keep(nonce, { ...known, seen: known.seen | bit });
  }

  #keep(nonce: string, used: Used): true {
    this.#used.set(nonce, used);
    const [oldest] = this.#used;
    if (this.#used.size > this.#most && oldest !== undefined) {
      this.#used.delete(oldest[0]);
      this.#forgotten = Math.max(this.#forgotten, oldest[1].made);
    }
    return true;
  }

  /** When it was made; undefined for one of somebody else. */
  #timeOf(nonce: string): number | undefined {
    const bytes = Buffer.from(nonce, 'base64url');
    // The text is compared as well, because several texts stand for the same bytes.
    if (bytes.length !== TIME + RANDOM + MAC || bytes.toString('base64url') !== nonce) return undefined;
    const body = bytes.subarray(0, TIME + RANDOM);
    return timingSafeEqual(this.#codeOf(body), bytes.subarray(TIME + RANDOM)) ? body.readUIntBE(0, TIME) : undefined;
  }

  #codeOf(body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, MAC);
  }
}
