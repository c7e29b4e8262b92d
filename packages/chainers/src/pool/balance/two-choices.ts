import type { Balancer, Candidate, PickQuery, Random } from './balancer.ts';
import { firstAllowed } from './first-allowed.ts';
import { Shares } from './shares.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** Sessions by which the load of a client's own server may be above another's, because a small difference is chance. */
const OWN_AHEAD = 2;
/** Draws of the second candidate until it is another one than the first. */
const DRAWS = 4;

/** The load of a server, as if it had so many sessions more. */
export type LoadOf<C> = (candidate: C, more: number) => number;

/**
 * Draws two servers and picks the one with less load (power of two choices, Mitzenmacher 2001). So the server with least load is not
 * met by everybody at one time, as it is with several proxies by `least-connections`. Two that are idle are alike: then the first one, whose
 * draw was by weight.
 *
 * The first of the two is the server that the client has used last, if its connection to that is idle: another one would have to be proved quiet
 * first, which costs a packet. Such a memory spreads load as well (Mitzenmacher, Prabhakar and Shah 2002), as long as servers differ in load. Where
 * they are alike clients might all stay with the same ones, so it does not count for a server that has had more than its share of late.
 */
export class TwoChoices<C extends Candidate> implements Balancer<C> {
  readonly looksAtOwn = true;
  readonly #draw = new WeightedDraw<C>();
  readonly #random: Random;
  readonly #loadOf: LoadOf<C>;
  #candidates: readonly C[] = [];
  readonly #shares = new Shares<C>();

  /** `loadOf`: whose is lower is picked. By default sessions, with the new one, for each unit of weight. */
  constructor(random: Random = Math.random, loadOf: LoadOf<C> = sessionsByWeight) {
    this.#random = random;
    this.#loadOf = loadOf;
  }

  update(candidates: readonly C[]): void {
    this.#candidates = candidates;
    this.#shares.update(candidates);
    this.#draw.update(candidates);
  }

  pick(pick: PickQuery<C>): C | undefined {
    const picked = this.#choose(pick);
    if (picked !== undefined) this.#shares.took(picked);
    return picked;
  }

  #choose(pick: PickQuery<C>): C | undefined {
    const own = this.#ownOf(pick);
    const first = own ?? this.#drawAllowed(pick, undefined);
    if (first === undefined) return firstAllowed(this.#candidates, pick, this.#random);
    const second = this.#drawAllowed(pick, first) ?? this.#anyOther(pick, first);
    // It is left only for one that would have less load with some sessions more.
    const more = own === undefined ? 0 : OWN_AHEAD;
    return second !== undefined && this.#loadOf(second, more) < this.#loadOf(first, 0) ? second : first;
  }

  #ownOf(pick: PickQuery<C>): C | undefined {
    const { own } = pick;
    if (own === undefined || !this.#shares.mayHaveMore(own)) return undefined;
    return pick.isExcluded(own) ? undefined : own;
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
function sessionsByWeight({ inFlight, weight }: Candidate, more: number): number {
  return inFlight + more === 0 ? 0 : (inFlight + more + 1) / weight;
}
