import type { Balancer, Candidate, PickQuery } from './balancer.ts';
import { IndexedHeap } from './indexed-heap.ts';

/** A candidate, and the number of the last pick that was it. */
class Load<C extends Candidate> {
  readonly candidate: C;
  picked: number;

  constructor(candidate: C, picked: number) {
    this.candidate = candidate;
    this.picked = picked;
  }

  get sessions(): number {
    return (this.candidate.inFlight + 1) / this.candidate.weight;
  }
}

/** The server with the fewest sessions for each unit of weight. Of several the one that was picked longest ago. */
export class LeastConnections<C extends Candidate> implements Balancer<C> {
  readonly #heap = new IndexedHeap<Load<C>>(isLess);
  readonly #loads = new Map<C, Load<C>>();
  #picks = 0;

  update(candidates: readonly C[]): void {
    const known = new Map(this.#loads);
    this.#heap.clear();
    this.#loads.clear();
    for (const candidate of candidates) {
      const load = known.get(candidate) ?? new Load(candidate, 0);
      this.#loads.set(candidate, load);
      this.#heap.add(load);
    }
  }

  changed(candidate: C): void {
    const load = this.#loads.get(candidate);
    if (load !== undefined) this.#heap.moved(load);
  }

  pick(pick: PickQuery<C>): C | undefined {
    const load = this.#heap.leastAllowed(({ candidate }) => !pick.isExcluded(candidate));
    if (load === undefined) return undefined;
    this.#picks += 1;
    load.picked = this.#picks;
    this.#heap.moved(load);
    return load.candidate;
  }
}

function isLess<C extends Candidate>(one: Load<C>, other: Load<C>): boolean {
  const difference = one.sessions - other.sessions;
  return difference === 0 ? one.picked < other.picked : difference < 0;
}
