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
  /** Sessions for each unit of weight that a server may have, with the one that is picked for. */
  #most = 0;
  #query: PickQuery<C> | undefined = undefined;
  /** One function for all picks. */
  readonly #hasRoom = (candidate: C): boolean => {
    return (
      candidate.inFlight < Math.ceil(this.#most * candidate.weight) && this.#query?.isExcluded(candidate) === false
    );
  };

  /** `servers`: how many there are in all. The kind of hashing depends on it and not on those that are up, because another kind moves all. */
  constructor(servers: number) {
    this.isLarge = servers > MOST_RENDEZVOUS;
  }

  update(candidates: readonly C[]): void {
    this.#order = this.isLarge ? new Maglev(candidates) : new Rendezvous(candidates);
    this.#weight = candidates.reduce((sum, { weight }) => sum + weight, 0);
  }

  pick(pick: PickQuery<C>): C | undefined {
    const order = this.#order;
    if (order === undefined) return undefined;
    this.#most = (MOST_LOAD * (pick.inFlight + 1)) / this.#weight;
    this.#query = pick;
    const picked = order.first(pick.hash, this.#hasRoom);
    if (picked !== undefined) return picked;
    // What is excluded may leave only servers that are loaded more.
    this.#most = Infinity;
    return order.first(pick.hash, this.#hasRoom);
  }
}
