import type { Balancer, Candidate, PickQuery } from './balancer.ts';
import type { HashOrder } from './hash-order.ts';
import { Maglev } from './maglev.ts';
import { Rendezvous } from './rendezvous.ts';

/** The most servers that rendezvous hashing looks through for each pick. */
const MOST_RENDEZVOUS = 64;
/** How much more than its share a server may have before what follows goes to the next one (bounded load, Mirrokni 2018). */
const MOST_LOAD = 1.25;

/** The same server for the same hash, as long as it is there and not loaded by more than a quarter above its share. */
export class HashBalancer<C extends Candidate> implements Balancer<C> {
  /** Whether it is made for many servers. */
  readonly isLarge: boolean;
  #order: HashOrder<C> | undefined = undefined;
  #weight = 0;

  /** `servers`: how many there are in all. The kind of hashing depends on it and not on those that are up, because another kind moves all. */
  constructor(servers: number) {
    this.isLarge = servers > MOST_RENDEZVOUS;
  }

  update(candidates: readonly C[]): void {
    this.#order = this.isLarge ? new Maglev(candidates) : new Rendezvous(candidates);
    this.#weight = candidates.reduce((sum, { weight }) => sum + weight, 0);
  }

  pick(pick: PickQuery<C>): C | undefined {
    const each = (MOST_LOAD * (pick.inFlight + 1)) / this.#weight;
    const hasRoom = (candidate: C): boolean =>
      candidate.inFlight < Math.ceil(each * candidate.weight) && !pick.isExcluded(candidate);
    const order = this.#order;
    // What is excluded may leave only servers that are loaded more.
    return order?.first(pick.hash, hasRoom) ?? order?.first(pick.hash, (candidate) => !pick.isExcluded(candidate));
  }
}
