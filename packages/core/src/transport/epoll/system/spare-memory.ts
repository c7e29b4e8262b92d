import type { System } from './system.ts';

/** Descriptors at which memory goes back after that of the start; then at each doubling. */
const FIRST = 32;

/** Milliseconds until it does: what so many connections needed only once is free by then. */
const AFTER = 1_000;
/** Milliseconds from the first descriptor, which is that of a listener. The start is over by then, and what was compiled is kept. */
const AFTER_START = 2_000;

/**
 * Has the allocator give back what V8 needed to start and to compile the way of so many connections: it would keep that for
 * as long as the process lives, as much as thousands of idle connections hold (docs/adr/0017-memory-goes-back.md).
 */
export class SpareMemory {
  readonly #system: Pick<System, 'releaseMemory'>;
  #next = 1;
  #isDue = false;

  constructor(system: Pick<System, 'releaseMemory'>) {
    this.#system = system;
  }

  /** So many descriptors are watched now. */
  noteDescriptors(count: number): void {
    if (count < this.#next) return;
    const after = this.#next === 1 ? AFTER_START : AFTER;
    this.#next = Math.max(this.#next * 2, FIRST);
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      this.#system.releaseMemory();
    }, after).unref();
  }
}
