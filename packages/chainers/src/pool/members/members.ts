import type { Balancer, PickQuery } from '../balance/balancer.ts';
import type { PoolMember } from './pool-member.ts';

/** The most of the servers that passive checks may take out. */
const MOST_EJECTED = 0.5;
/** With fewer than this part up, all servers are used: most of them cannot be as bad as what is known says. */
const PANIC = 0.3;

/** The balancer for so many servers, which may be the one before. */
export type MakeBalancer = (servers: number, before?: Balancer<PoolMember>) => Balancer<PoolMember>;

/** The servers of a pool: which of them get sessions now. Times are in milliseconds on one clock. */
export class Members {
  readonly #makeBalancer: MakeBalancer;
  #all: readonly PoolMember[] = [];
  #balancer: Balancer<PoolMember>;
  /** When the next one that was taken out comes back. */
  #due = 0;
  #isPanic = false;
  #inFlight = 0;

  constructor(makeBalancer: MakeBalancer) {
    this.#makeBalancer = makeBalancer;
    this.#balancer = makeBalancer(0);
  }

  get all(): readonly PoolMember[] {
    return this.#all;
  }

  get isPanic(): boolean {
    return this.#isPanic;
  }

  /** Sessions that they have now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Replaces the servers. Those that stay are the same objects, and sessions at those that go are counted to their end. */
  replace(all: readonly PoolMember[], now: number): void {
    this.#balancer = this.#makeBalancer(all.length, this.#balancer);
    this.#all = all;
    this.refresh(now);
  }

  pick(query: PickQuery<PoolMember>, now: number): PoolMember | undefined {
    if (now >= this.#due) this.refresh(now);
    return this.#balancer.pick(query);
  }

  began(member: PoolMember): void {
    member.inFlight += 1;
    this.#inFlight += 1;
    this.#balancer.changed?.(member);
  }

  ended(member: PoolMember): void {
    member.inFlight -= 1;
    this.#inFlight -= 1;
    this.#balancer.changed?.(member);
  }

  /** Takes a member out, unless it is the last one or half of the pool is out already. Returns whether it is out. */
  eject(member: PoolMember, now: number): boolean {
    const out = this.#all.filter((each) => each.ejection.isOut(now)).length;
    const wouldBeOut = out + 1;
    if (wouldBeOut >= this.#all.length || wouldBeOut > Math.max(1, this.#all.length * MOST_EJECTED)) return false;
    member.ejection.eject(now);
    this.refresh(now);
    return true;
  }

  /** Chooses anew which members get sessions: to be called when something about one of them has changed. */
  refresh(now: number): void {
    const inService = this.#all.filter(({ order }) => order === undefined);
    const up = inService.filter(({ ejection }) => !ejection.isOut(now));
    this.#isPanic = up.length < inService.length * PANIC;
    const usable = this.#isPanic ? inService : up;
    const first = usable.filter(({ isBackup }) => !isBackup);
    this.#balancer.update(first.length > 0 ? first : usable);
    const ends = this.#all.map(({ ejection }) => ejection.until).filter((until) => until > now);
    this.#due = Math.min(Infinity, ...ends);
  }
}
