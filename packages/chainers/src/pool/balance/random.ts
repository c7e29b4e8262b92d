import type { Balancer, Candidate, PickQuery, Random } from './balancer.ts';
import { firstAllowed } from './first-allowed.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** Draws before the candidates are looked through one by one. */
const DRAWS = 4;

/** Any server, by weight. */
export class RandomBalancer<C extends Candidate> implements Balancer<C> {
  readonly #draw = new WeightedDraw<C>();
  readonly #random: Random;
  #candidates: readonly C[] = [];

  constructor(random: Random = Math.random) {
    this.#random = random;
  }

  update(candidates: readonly C[]): void {
    this.#candidates = candidates;
    this.#draw.update(candidates);
  }

  pick(pick: PickQuery<C>): C | undefined {
    for (let times = 0; times < DRAWS; times += 1) {
      const candidate = this.#draw.draw(this.#random);
      if (candidate !== undefined && !pick.isExcluded(candidate)) return candidate;
    }
    return firstAllowed(this.#candidates, pick, this.#random);
  }
}
