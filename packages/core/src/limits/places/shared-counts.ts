import { type Asker, type Asking, NEVER } from '../shared/asking.ts';
import type { Lender, Placed } from '../shared/lender.ts';
import type { Counts } from './counts.ts';

/** Of a limit, what all processes together want in reserve. They give back what is more than twice as much. */
const RESERVE = 1 / 32;
/** Milliseconds after which places are given back that nobody is known to wait for. */
const UNHURRIED = 1_000;
/** Keys without a connection that are kept until they are to be said again. Further ones are given back at once. */
const MOST_IDLE = 65_536;

export interface SharedCountsDeps {
  readonly lender: Lender;
  /** Before each key: `web/perClient.connections/`. */
  readonly prefix: string;
  readonly asking: Asking;
}

/**
 * How many of something each key has, of a limit that several processes share. It decides at once, by what it has got of the lender, and by what
 * nobody had when the lender answered last. A key that nobody here knows is decided by those of this process alone, until
 * there is an answer. What there is more because of that stays, and nothing is added to it until there is room.
 */
export class SharedCounts implements Counts {
  readonly #deps: SharedCountsDeps;
  readonly #shares = new Map<string, Share>();
  /** The last answer was that nothing may be opened. */
  #isClosed = false;

  constructor(deps: SharedCountsDeps) {
    this.#deps = deps;
  }

  of(key: string): number {
    return this.#shares.get(key)?.count ?? 0;
  }

  hasRoom(key: string, most: number): boolean {
    const known = this.#shares.get(key);
    if (known !== undefined) return known.hasRoom(most);
    if (!this.#isClosed) return most > 0;
    return this.#newShare(key, most).hasRoom(most);
  }

  add(key: string, most: number): void {
    (this.#shares.get(key) ?? this.#newShare(key, most)).add();
  }

  remove(key: string): void {
    this.#shares.get(key)?.remove(this.#shares.size > MOST_IDLE);
  }

  #newShare(key: string, most: number): Share {
    const { lender, asking, prefix } = this.#deps;
    const share = new Share(`${prefix}${key}`, most, this.#isClosed ? 0 : most, {
      lender,
      asking,
      learn: ({ closed = false }) => (this.#isClosed = closed),
      forget: () => this.#shares.delete(key),
    });
    this.#shares.set(key, share);
    return share;
  }
}

interface ShareDeps {
  readonly lender: Lender;
  readonly asking: Asking;
  /** Called with each answer. */
  readonly learn: (placed: Placed) => void;
  /** Called when it holds nothing any more. */
  readonly forget: () => void;
}

/** What this process has under one key. */
class Share implements Asker {
  askedAt = NEVER;
  dueAt = Infinity;
  /** Places that are taken in this process. */
  count = 0;
  readonly #key: string;
  readonly #deps: ShareDeps;
  #most: number;
  /** Places that the lender knows to be ours. */
  #held = 0;
  /** Places that there may be in this process, as far as is known. */
  #allowed: number;
  /** Whether somebody may wait for a place. */
  #isScarce = false;
  #isAsking = false;
  /** Whether it is to ask once more, because something has changed since it asked. */
  #isStale = false;

  constructor(key: string, most: number, allowed: number, deps: ShareDeps) {
    this.#key = key;
    this.#deps = deps;
    this.#most = most;
    this.#allowed = allowed;
  }

  hasRoom(most: number): boolean {
    if (most !== this.#most) this.#changeMost(most);
    if (this.count < this.#allowed) return true;
    // Somebody elsewhere may have left.
    this.#request();
    return false;
  }

  add(): void {
    this.count += 1;
    const left = this.#held - this.count;
    if (left < 0 || left < this.#reserve / 2) this.#request();
  }

  remove(isFull: boolean): void {
    this.count -= 1;
    const spare = this.#held - this.count;
    if (this.#isScarce || (isFull && this.count === 0)) this.#request();
    else if (spare > 2 * this.#reserve) this.#request(UNHURRIED);
  }

  ask(): boolean {
    if (this.#isAsking) {
      this.#isStale = true;
      return true;
    }
    void this.#hold(this.count);
    return this.count > 0;
  }

  end(): Promise<void> {
    return this.#hold(this.count);
  }

  async #hold(count: number): Promise<void> {
    const { lender, asking, learn, forget } = this.#deps;
    const most = this.#most;
    this.#isAsking = true;
    this.#isStale = false;
    const placed = await lender.hold(this.#key, most, count, count > 0 ? this.#reserve : 0);
    const { granted, free } = placed;
    learn(placed);
    this.#isAsking = false;
    this.#held = count + granted;
    if (most === this.#most) {
      this.#allowed = this.#held + Math.ceil(free / lender.parties);
      this.#isScarce = free === 0;
    }
    if (this.count === 0 && count === 0) forget();
    else if (this.#isStale || this.count > this.#held) asking.request(this);
  }

  /** After a reload. What nobody knows under the new limit is decided by those of this process alone. */
  #changeMost(most: number): void {
    this.#most = most;
    this.#allowed = most;
    this.#isScarce = false;
    this.#request();
  }

  /** Places for later: none of a small limit, of which each counts. */
  get #reserve(): number {
    return Math.floor((this.#most * RESERVE) / this.#deps.lender.parties);
  }

  #request(delay?: number): void {
    if (this.#isAsking) this.#isStale = true;
    else this.#deps.asking.request(this, delay);
  }
}
