import { type Gate, passes, type Passing } from './gate.ts';

/** Bytes that a request is taken to bring, which nobody knows before. */
const EXPECTED = 16 * 1024;

/**
 * A request that is to begin when what was read before is paid for. Otherwise requests with short bodies, of which each is one read, would make
 * debts that nobody waits for.
 */
export class Turn implements Passing {
  previous: Passing | undefined = undefined;
  next: Passing | undefined = undefined;
  gate: Gate | undefined = undefined;
  readonly expected = EXPECTED;
  /** Resolves when it has come. Never, if it was cancelled. */
  readonly come: Promise<void>;
  readonly #gates: readonly Gate[];
  readonly #begin: () => void;

  constructor(gates: readonly Gate[]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.come = promise;
    this.#begin = resolve;
    this.#gates = gates;
    if (passes(this, gates, 0)) resolve();
  }

  get isWaiting(): boolean {
    return this.gate !== undefined;
  }

  passed(gate: Gate): void {
    if (passes(this, this.#gates, this.#gates.indexOf(gate) + 1)) this.#begin();
  }

  held(): void {}

  cancel(): void {
    this.gate?.leave(this);
  }
}
