/** Longer pieces go out at once: what they cost is their octets. */
const LONGEST = 16 * 1024;

/** Whoever has octets in the {@link Staging}. */
export interface Staged {
  /** Sends them now. Called once for each time that they were announced by `put`. */
  flushStaged(): void;
}

/**
 * Octets that wait for the end of the turn. A turn serves dozens of connections; sent one by one as they come, each
 * piece would wake its receiver, let it run dry and wake it again for the next: sent together, they cost a third less
 * of the kernel's time (docs/adr/0014-sends-at-the-end-of-a-turn.md).
 */
export class Staging {
  readonly #memory: Buffer;
  /** Whether there is a turn whose end will come. */
  #open = false;
  #length = 0;
  readonly #waiting: Staged[] = [];

  constructor(memory: Buffer) {
    this.#memory = memory;
  }

  open(): void {
    this.#open = true;
  }

  /**
   * Keeps `octets[start..end)` for `owner`, who is asked to send them at the end of the turn; returns where they are,
   * or -1 if they are to be sent at once.
   */
  put(owner: Staged, octets: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (!this.#open || length > LONGEST) return -1;
    if (this.#length + length > this.#memory.length) this.flush();
    const at = this.#length;
    Buffer.prototype.copy.call(octets, this.#memory, at, start, end);
    this.#length = at + length;
    this.#waiting.push(owner);
    return at;
  }

  /** Keeps more for the owner whose octets end at `at`; returns whether it could: nobody else's may be behind them. */
  extend(at: number, octets: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (at !== this.#length || length > LONGEST || at + length > this.#memory.length) return false;
    Buffer.prototype.copy.call(octets, this.#memory, at, start, end);
    this.#length = at + length;
    return true;
  }

  /** Sends everything. */
  flush(): void {
    const waiting = this.#waiting;
    for (let index = 0; index < waiting.length; index += 1) waiting[index]!.flushStaged();
    waiting.length = 0;
    this.#length = 0;
  }

  close(): void {
    this.flush();
    this.#open = false;
  }
}
