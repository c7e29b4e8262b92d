import { Fifo } from './fifo.ts';
import { RECEIVE_LENGTH } from '../system/system.ts';

/** Longer pieces go out at once: what they cost is their octets. */
const LONGEST = 64 * 1024;
/** Longer ones are not copied, if they are where they were received. */
const LONGEST_COPY = 1024;
/** Longer ones are not copied at all. */
const LONGEST_FOREIGN = 16 * 1024;
/** What was received begins at multiples of this: a line of the processor's cache. */
const LINE = 64;

/** Not looked up each time: `Buffer` is a getter of the global object. */
const { copy } = Buffer.prototype;

/** Whoever has octets in the {@link Staging}. */
export interface Staged {
  /** Sends them now. Called once for each time that they were announced by `put` or `hold`. */
  flushStaged(): void;
}

/**
 * Octets that wait for the end of the turn. A turn serves dozens of connections; sent one by one as they come, each
 * piece would wake its receiver, let it run dry and wake it again for the next: sent together, they cost less of the
 * kernel's time (docs/adr/0014-sends-at-the-end-of-an-iteration.md). Small pieces are copied to the staging memory; long ones
 * stay where they were received, and what is received next goes behind them.
 */
export class Staging {
  readonly #memory: Buffer;
  readonly #received: Buffer;
  /** Whether there is a turn whose end will come. */
  #open = false;
  #length = 0;
  /** Where the next octets are received. */
  #room = 0;
  readonly #waiting = new Fifo<Staged>();

  constructor(memory: Buffer, received: Buffer) {
    this.#memory = memory;
    this.#received = received;
  }

  open(): void {
    this.#open = true;
  }

  /** Where in the receive buffer there is room for the octets of one call. */
  get room(): number {
    if (this.#room + RECEIVE_LENGTH > this.#received.length) this.flush();
    return this.#room;
  }

  /**
   * Keeps `octets[start..end)` for `owner`, who is asked to send them at the end of the turn; returns where they are,
   * or -1 if that is not for such octets.
   */
  put(owner: Staged, octets: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (!this.#open || length > this.#longestCopy(octets)) return -1;
    if (this.#length + length > this.#memory.length) this.flush();
    const at = this.#length;
    copy.call(octets, this.#memory, at, start, end);
    this.#length = at + length;
    this.#waiting.push(owner);
    return at;
  }

  /** Keeps more for the owner whose octets end at `at`; returns whether it could: nobody else's may be behind them. */
  extend(at: number, octets: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (at !== this.#length || length > this.#longestCopy(octets) || at + length > this.#memory.length) return false;
    copy.call(octets, this.#memory, at, start, end);
    this.#length = at + length;
    return true;
  }

  /**
   * Leaves `octets[start..end)` where they are until the end of the turn, if they are in the receive buffer; returns
   * whether it could. With an `owner` it is asked to send them; without, it is going to be asked anyway.
   */
  hold(owner: Staged | undefined, octets: Uint8Array, start: number, end: number): boolean {
    if (!this.#open || octets !== this.#received || end - start > LONGEST) return false;
    // Another part of the same octets is held already.
    if (start < this.#room) return false;
    this.#room = Math.ceil(end / LINE) * LINE;
    if (owner !== undefined) this.#waiting.push(owner);
    return true;
  }

  #longestCopy(octets: Uint8Array): number {
    return octets === this.#received ? LONGEST_COPY : LONGEST_FOREIGN;
  }

  /** Sends everything. */
  flush(): void {
    const waiting = this.#waiting;
    for (let owner = waiting.take(); owner !== undefined; owner = waiting.take()) owner.flushStaged();
    this.#length = 0;
    this.#room = 0;
  }

  close(): void {
    this.flush();
    this.#open = false;
  }
}
