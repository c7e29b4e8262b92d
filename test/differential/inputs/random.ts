import { seededRandom } from '../../../packages/core/test-support/seeded-random.ts';

/** Random numbers that a seed decides, so that every input can be made again from its number. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** A number from 0 to `below`, without it. */
  below(below: number): number {
    return Math.floor(this.#next() * below);
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }
}
