import type { System } from './system.ts';

/** Descriptors at which memory goes back for the first time; then at each doubling. */
const FIRST = 32;

/** Milliseconds until it does: what so many connections needed only once is free by then. */
const AFTER = 1_000;

/**
 * Has the allocator give back what V8 needed to start and to compile the way of so many connections: it would keep that for
 * as long as the process lives, as much as thousands of idle connections hold (docs/adr/0017-memory-goes-back.md).
 */
export class SpareMemory {
  readonly #system: Pick<System, 'releaseMemory'>;
  #next = FIRST;
  #isDue = false;

  constructor(system: Pick<System, 'releaseMemory'>) {
    this.#system = system;
  }

  /** So many descriptors are watched now. */
  noteDescriptors(count: number): void {
    if (count < this.#next) return;
    this.#next *= 2;
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      this.#system.releaseMemory();
    }, AFTER).unref();
  }
}
