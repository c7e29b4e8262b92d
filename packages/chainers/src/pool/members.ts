import type { Balancer, PickQuery } from './balance/balancer.ts';
import type { PoolMember } from './pool-member.ts';

/** The most of the servers that passive checks may take out. */
const MOST_EJECTED = 0.5;
/** With fewer than this part up, all servers are used: most of them cannot be as bad as what is known says. */
const PANIC = 0.3;

/** The servers of a pool: which of them get sessions now. Times are in milliseconds on one clock. */
export class Members {
  readonly all: readonly PoolMember[];
  readonly #balancer: Balancer<PoolMember>;
  readonly #isOut: (member: PoolMember) => boolean;
  /** When the next one that was taken out comes back. */
  #due = 0;
  #isPanic = false;
  #inFlight = 0;

  /** `isOut`: whether an operator has taken out a member. */
  constructor(all: readonly PoolMember[], balancer: Balancer<PoolMember>, isOut: (member: PoolMember) => boolean) {
    this.all = all;
    this.#balancer = balancer;
    this.#isOut = isOut;
  }

  get isPanic(): boolean {
    return this.#isPanic;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  pick(pick: PickQuery<PoolMember>, now: number): PoolMember | undefined {
    if (now >= this.#due) this.refresh(now);
    return this.#balancer.pick(pick);
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
    const out = this.all.filter((each) => each.ejection.isOut(now)).length;
    const wouldBeOut = out + 1;
    if (wouldBeOut === this.all.length || wouldBeOut > Math.max(1, this.all.length * MOST_EJECTED)) return false;
    member.ejection.eject(now);
    this.refresh(now);
    return true;
  }

  /** Chooses anew which members get sessions: to be called when something about one of them has changed. */
  refresh(now: number): void {
    const inService = this.all.filter((member) => !this.#isOut(member));
    const up = inService.filter(({ ejection }) => !ejection.isOut(now));
    this.#isPanic = up.length < inService.length * PANIC;
    const usable = this.#isPanic ? inService : up;
    const first = usable.filter(({ isBackup }) => !isBackup);
    this.#balancer.update(first.length > 0 ? first : usable);
    const ends = this.all.map(({ ejection }) => ejection.until).filter((until) => until > now);
    this.#due = Math.min(Infinity, ...ends);
  }
}
