import type { Balancer, Candidate, PickQuery, Random } from './balancer.ts';
import { firstAllowed } from './first-allowed.ts';
import { IndexedHeap } from './indexed-heap.ts';

/** Candidates of one weight, which take turns. */
class Lane<C extends Candidate> {
  place = -1;
  /** When the next of them has its turn. */
  due: number;
  readonly #candidates: readonly C[];
  /** From one turn to the next: each of its candidates has one in 1 / weight. */
  readonly #step: number;
  #next = 0;

  constructor(candidates: readonly C[], weight: number, due: number) {
    this.#candidates = candidates;
    this.#step = 1 / (weight * candidates.length);
    this.due = due;
  }

  /** Its candidates, the next one first. */
  get inTurn(): readonly C[] {
    return [...this.#candidates.slice(this.#next), ...this.#candidates.slice(0, this.#next)];
  }

  get next(): C | undefined {
    return this.#candidates[this.#next];
  }

  /** The turn of {@link Lane.next} is over. */
  advance(): void {
    this.due += this.#step;
    this.#next += 1;
    if (this.#next === this.#candidates.length) this.#next = 0;
  }
}

/** Turns that are passed over before the candidates are looked through one by one. */
const TURNS = 8;

/**
 * One after the other. A server with twice the weight comes twice as often, and not twice in a row (smooth weighted round robin). Those of one
 * weight go round, and of the weights the one that is due first (earliest deadline first) has its turn: so the cost of a pick depends on how many
 * weights there are, not on how many servers.
 */
export class RoundRobin<C extends Candidate> implements Balancer<C> {
  readonly #lanes = new IndexedHeap<Lane<C>>((one, other) => one.due < other.due);
  readonly #random: Random;
  #candidates: readonly C[] = [];
  /** By weight. */
  #byWeight: ReadonlyMap<number, Lane<C>> = new Map();
  /** The time of the last turn. */
  #now = 0;

  /** `random`: where it begins, so that several proxies that start at one time do not begin at the same server. */
  constructor(random: Random = Math.random) {
    this.#random = random;
  }

  update(candidates: readonly C[]): void {
    const before = this.#inTurn(candidates);
    this.#candidates = candidates;
    this.#lanes.clear();
    const lanes = new Map<number, Lane<C>>();
    for (const [weight, members] of Map.groupBy(before, (candidate) => candidate.weight)) {
      const latest = this.#now + 1 / (weight * members.length);
      const due = this.#byWeight.get(weight)?.due ?? this.#now + this.#random() * (latest - this.#now);
      const lane = new Lane(members, weight, Math.min(due, latest));
      lanes.set(weight, lane);
      this.#lanes.add(lane);
    }
    this.#byWeight = lanes;
  }

  pick(pick: PickQuery<C>): C | undefined {
    for (let turn = 0; turn < TURNS; turn += 1) {
      const lane = this.#lanes.least;
      const candidate = lane?.next;
      if (lane === undefined || candidate === undefined) return undefined;
      // One that is passed over does not make up for it.
      this.#now = lane.due;
      lane.advance();
      this.#lanes.moved(lane);
      if (!pick.isExcluded(candidate)) return candidate;
    }
    return firstAllowed(this.#candidates, pick, this.#random);
  }

  /** The candidates in the order of their turns, so that one that comes or goes does not give others a turn too many. Those that come are the last. */
  #inTurn(candidates: readonly C[]): readonly C[] {
    const start = Math.floor(this.#random() * candidates.length);
    if (this.#byWeight.size === 0) return [...candidates.slice(start), ...candidates.slice(0, start)];
    const left = new Set(candidates);
    const known = [...this.#byWeight.values()].flatMap(({ inTurn }) => inTurn).filter((each) => left.delete(each));
    return [...known, ...left];
  }
}
