import type { Candidate } from './balancer.ts';

/** Sessions that a server may have had beyond its share. */
const MOST_AHEAD = 4;
/** Sessions after which half of them are forgotten, so that it is about what was of late. */
const MEMORY = 1_024;

/** How many of the last sessions each server has had, beside its share by weight. */
export class Shares<C extends Candidate> {
  /** By candidate; the keys are those that there are. */
  #taken = new Map<C, number>();
  #all = 0;
  #weight = 0;

  update(candidates: readonly C[]): void {
    const before = this.#taken;
    this.#taken = new Map(candidates.map((candidate) => [candidate, before.get(candidate) ?? 0]));
    this.#weight = candidates.reduce((sum, { weight }) => sum + weight, 0);
    this.#all = [...this.#taken.values()].reduce((sum, taken) => sum + taken, 0);
  }

  took(candidate: C): void {
    this.#taken.set(candidate, (this.#taken.get(candidate) ?? 0) + 1);
    this.#all += 1;
    if (this.#all >= MEMORY) this.#forget();
  }

  /** Whether it has had no more than its share. False for one that is no candidate. */
  mayHaveMore(candidate: C): boolean {
    const taken = this.#taken.get(candidate);
    return taken !== undefined && taken < (this.#all * candidate.weight) / this.#weight + MOST_AHEAD;
  }

  #forget(): void {
    this.#all = 0;
    for (const [candidate, taken] of this.#taken) {
      this.#taken.set(candidate, taken / 2);
      this.#all += taken / 2;
    }
  }
}
