import type { Balancer, Candidate, PickQuery, Random } from './balancer.ts';
import { firstAllowed } from './first-allowed.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** Draws of the second candidate until it is another one than the first. */
const DRAWS = 4;

/**
 * Draws two servers and picks the one with less load (power of two choices, Mitzenmacher 2001). So the server with least load is not
 * met by everybody at one time, as it is with several proxies by `least-connections`. Two that are idle are alike: then the first one, whose
 * draw was by weight.
 */
export class TwoChoices<C extends Candidate> implements Balancer<C> {
  readonly #draw = new WeightedDraw<C>();
  readonly #random: Random;
  readonly #loadOf: (candidate: C) => number;
  #candidates: readonly C[] = [];

  /** `loadOf`: whose is lower is picked. By default sessions, with the new one, for each unit of weight. */
  constructor(random: Random = Math.random, loadOf: (candidate: C) => number = sessionsByWeight) {
    this.#random = random;
    this.#loadOf = loadOf;
  }

  update(candidates: readonly C[]): void {
    this.#candidates = candidates;
    this.#draw.update(candidates);
  }

  pick(pick: PickQuery<C>): C | undefined {
    const first = this.#drawAllowed(pick, undefined);
    if (first === undefined) return firstAllowed(this.#candidates, pick, this.#random);
    const second = this.#drawAllowed(pick, first) ?? this.#anyOther(pick, first);
    return second !== undefined && this.#loadOf(second) < this.#loadOf(first) ? second : first;
  }

  /** Among few servers, or beside one that has nearly all of the weight, draws may give the first one again and again. */
  #anyOther(pick: PickQuery<C>, first: C): C | undefined {
    const start = Math.floor(this.#random() * this.#candidates.length);
    for (let step = 0; step < DRAWS; step += 1) {
      const candidate = this.#candidates[(start + step) % this.#candidates.length];
      if (candidate !== undefined && candidate !== first && !pick.isExcluded(candidate)) return candidate;
    }
    return undefined;
  }

  #drawAllowed(pick: PickQuery<C>, other: C | undefined): C | undefined {
    for (let times = 0; times < DRAWS; times += 1) {
      const candidate = this.#draw.draw(this.#random);
      if (candidate !== undefined && candidate !== other && !pick.isExcluded(candidate)) return candidate;
    }
    return undefined;
  }
}

/** 0 for one that is idle, whatever its weight. */
export function sessionsByWeight({ inFlight, weight }: Candidate): number {
  return inFlight === 0 ? 0 : (inFlight + 1) / weight;
}
