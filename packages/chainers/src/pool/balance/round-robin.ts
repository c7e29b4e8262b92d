import type { Balancer, Candidate, PickQuery, Random } from './balancer.ts';
import { IndexedHeap } from './indexed-heap.ts';

/** A candidate and when it is due next: each turn lasts 1 / weight. */
class Turn<C extends Candidate> {
  readonly candidate: C;
  due: number;

  constructor(candidate: C, due: number) {
    this.candidate = candidate;
    this.due = due;
  }
}

/**
 * One after the other. A server with twice the weight comes twice as often, and not twice in a row (smooth weighted round robin): the one that
 * is due first (earliest deadline first) has its turn.
 */
export class RoundRobin<C extends Candidate> implements Balancer<C> {
  readonly #turns = new IndexedHeap<Turn<C>>((one, other) => one.due < other.due);
  readonly #random: Random;
  /** The time of the last turn. */
  #now = 0;

  /** `random`: where it begins, so that several proxies that start at one time do not begin at the same server. */
  constructor(random: Random = Math.random) {
    this.#random = random;
  }

  update(candidates: readonly C[]): void {
    const known = new Map(this.#turns.elements.map((turn) => [turn.candidate, turn.due]));
    this.#turns.clear();
    for (const candidate of candidates) {
      const latest = this.#now + 1 / candidate.weight;
      // A server that comes has its turn as if it had been there all the time.
      const due = known.get(candidate) ?? this.#now + this.#random() / candidate.weight;
      this.#turns.add(new Turn(candidate, Math.min(due, latest)));
    }
  }

  pick(pick: PickQuery<C>): C | undefined {
    const turn = this.#turns.leastAllowed(({ candidate }) => !pick.isExcluded(candidate));
    if (turn === undefined) return undefined;
    const { candidate, due } = turn;
    // One that was passed over for long does not make up for it.
    this.#now = Math.max(this.#now, due);
    turn.due = Math.max(due, this.#now - 1 / candidate.weight) + 1 / candidate.weight;
    this.#turns.moved(turn);
    return candidate;
  }
}
