import type { Balancer, Candidate, PickQuery } from './balancer.ts';
import { IndexedHeap } from './indexed-heap.ts';

/** A candidate, and the number of the last change of its sessions. */
class Load<C extends Candidate> {
  place = -1;
  readonly candidate: C;
  lastChange = 0;

  constructor(candidate: C) {
    this.candidate = candidate;
  }

  get sessions(): number {
    return (this.candidate.inFlight + 1) / this.candidate.weight;
  }
}

/** The server with the fewest sessions for each unit of weight. Of several the one that has had as many for longest. */
export class LeastConnections<C extends Candidate> implements Balancer<C> {
  readonly #heap = new IndexedHeap<Load<C>>(isLess);
  readonly #loads = new Map<C, Load<C>>();
  #changes = 0;
  #query: PickQuery<C> | undefined = undefined;
  /** One function for all picks. */
  readonly #isAllowed = ({ candidate }: Load<C>): boolean => this.#query?.isExcluded(candidate) === false;

  update(candidates: readonly C[]): void {
    const known = new Map(this.#loads);
    this.#heap.clear();
    this.#loads.clear();
    for (const candidate of candidates) {
      const load = known.get(candidate) ?? new Load(candidate);
      this.#loads.set(candidate, load);
      this.#heap.add(load);
    }
  }

  changed(candidate: C): void {
    const load = this.#loads.get(candidate);
    if (load === undefined) return;
    this.#changes += 1;
    load.lastChange = this.#changes;
    this.#heap.moved(load);
  }

  pick(pick: PickQuery<C>): C | undefined {
    this.#query = pick;
    return this.#heap.leastAllowed(this.#isAllowed)?.candidate;
  }
}

function isLess<C extends Candidate>(one: Load<C>, other: Load<C>): boolean {
  const difference = one.sessions - other.sessions;
  return difference === 0 ? one.lastChange < other.lastChange : difference < 0;
}
