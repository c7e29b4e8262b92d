import { type ClientConnection, ownServerOf, type SockAddr } from '@inband/core';
import type { Balancer, PickQuery } from '../balance/balancer.ts';
import type { Ejected } from '../health/ejection.ts';
import type { HealthChange, Reason } from '../health/server-health.ts';
import { anyOther } from './any-other.ts';
import type { PoolMember } from './pool-member.ts';
import type { PoolNote } from './pool-note.ts';
import { type Usable, usableOf } from './usable.ts';

/** The most of the servers that passive checks may take out. */
const MOST_EJECTED = 0.5;

/** The balancer for so many servers, which may be the one before. */
export type MakeBalancer = (servers: number, before?: Balancer<PoolMember>) => Balancer<PoolMember>;

/** Told of what changes by what is known of servers. */
export interface HealthListener {
  changed(member: PoolMember, change: HealthChange): void;
  /** Most servers are down, so that all are used; or they are not any more. */
  panic(isPanic: boolean): void;
  /** There are other servers than before. */
  replaced(came: readonly PoolMember[], gone: readonly PoolMember[]): void;
}

export interface MembersDeps {
  readonly makeBalancer: MakeBalancer;
  readonly listener: HealthListener;
  /** Milliseconds after the first servers in which those that come have all of their weight at once. */
  readonly slowStart: number;
  /** The zone of this proxy. */
  readonly zone?: string | undefined;
}

/** The servers of a pool: which of them get sessions now. Times are in milliseconds on one clock. */
export class Members {
  readonly #deps: MembersDeps;
  #all: readonly PoolMember[] = [];
  readonly #former = new Set<PoolMember>();
  #balancer: Balancer<PoolMember>;
  /** For balancers that look at servers which clients have used. */
  readonly #byRemote = new Map<SockAddr, PoolMember>();
  /** When something changes by itself: a server that was taken out comes back, or gets more of its weight. */
  #due = 0;
  /** When there were servers for the first time. */
  #since: number | undefined = undefined;
  #isPanic = false;
  #inFlight = 0;

  constructor(deps: MembersDeps) {
    this.#deps = deps;
    this.#balancer = deps.makeBalancer(0);
  }

  get all(): readonly PoolMember[] {
    return this.#all;
  }

  /** Members that have gone while sessions at them run. They are counted to their end. */
  get former(): ReadonlySet<PoolMember> {
    return this.#former;
  }

  get isPanic(): boolean {
    return this.#isPanic;
  }

  /** Sessions that they have now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Replaces the servers. Those that stay are the same objects, and so are those that come back while they are in {@link former}. Those that
   * come into a pool that runs start slowly.
   */
  replace(all: readonly PoolMember[], now: number): void {
    this.#balancer = this.#deps.makeBalancer(all.length, this.#balancer);
    const before = new Set(this.#all);
    const came = all.filter((member) => !before.delete(member));
    const isRunning = this.#since !== undefined && now - this.#since >= this.#deps.slowStart;
    if (isRunning) for (const member of came) member.health.begin(now);
    if (this.#all.length > 0 && came.length + before.size > 0) this.#deps.listener.replaced(came, [...before]);
    if (all.length > 0) this.#since ??= now;
    this.#all = all;
    for (const member of before) if (member.inFlight > 0) this.#former.add(member);
    for (const member of came) this.#former.delete(member);
    this.#byRemote.clear();
    if (this.#balancer.looksAtOwn === true) for (const member of all) this.#byRemote.set(member.remote, member);
    this.refresh(now);
  }

  pick(note: PoolNote, now: number): PoolMember | undefined {
    if (now >= this.#due) this.refresh(now);
    return this.#balancer.pick(note) ?? anyOther(this.#all, note, now);
  }

  /** Whether a session that is to have this very member can have it: also a backup. */
  isUsable(member: PoolMember, now: number): boolean {
    return this.#isPanic ? member.order === undefined : member.isUsable(now);
  }

  /** What `pick` would choose from, and what. It changes nothing: another balancer of the same kind picks. */
  peek(
    query: PickQuery<PoolMember>,
    now: number,
  ): { readonly usable: Usable; readonly picked: PoolMember | undefined } {
    const usable = usableOf(this.#all, now, this.#deps.zone);
    const balancer = this.#deps.makeBalancer(this.#all.length);
    balancer.update(usable.members);
    return { usable, picked: balancer.pick(query) };
  }

  /** The server to which a client has an idle connection of its own, if the balancer looks at that. */
  ownOf(client: ClientConnection): PoolMember | undefined {
    if (this.#byRemote.size === 0) return undefined;
    const remote = ownServerOf(client);
    return remote && this.#byRemote.get(remote);
  }

  began(member: PoolMember): void {
    member.inFlight += 1;
    this.#inFlight += 1;
    this.#balancer.changed?.(member);
  }

  ended(member: PoolMember): void {
    member.inFlight -= 1;
    this.#inFlight -= 1;
    if (member.inFlight === 0 && this.#former.size > 0) this.#former.delete(member);
    this.#balancer.changed?.(member);
  }

  /** Takes a member out, unless it is the last one or half of the pool is out already. Returns whether it is out. */
  eject(member: PoolMember, now: number, why: string, error: string | undefined): boolean {
    if (!this.#mayEject(now)) return false;
    member.health.eject(now, why, error);
    this.refresh(now);
    return true;
  }

  /**
   * Another worker has taken a member out. Where too many would be out, because several workers have taken out different ones at one moment,
   * those stay out that were the first, so that all workers agree. `refresh` is to be called after it.
   */
  ejectedElsewhere(member: PoolMember, ejected: Ejected, reason: Reason, now: number): void {
    const { health } = member;
    if (health.isUp(now) && !this.#mayEject(now)) {
      const last = this.#lastEjected(now);
      if (last === undefined || !isBefore(ejected.since, member, last)) return;
      last.health.ejection.end(now);
    }
    health.ejectedElsewhere(ejected, reason, now);
  }

  #mayEject(now: number): boolean {
    const wouldBeOut = this.#all.filter(({ health }) => !health.isUp(now)).length + 1;
    return wouldBeOut < this.#all.length && wouldBeOut <= Math.max(1, this.#all.length * MOST_EJECTED);
  }

  /** Of the members that only sessions have taken out, the one that was the last. */
  #lastEjected(now: number): PoolMember | undefined {
    const out = this.#all.filter(({ health }) => health.stateAt(now) === 'ejected');
    return out.reduce<PoolMember | undefined>((last, member) => {
      return last === undefined || isBefore(sinceOf(last), last, member) ? member : last;
    }, undefined);
  }

  /** Chooses anew which members get sessions: to be called when something about one of them has changed. */
  refresh(now: number): void {
    const { listener, zone } = this.#deps;
    let due = Infinity;
    for (const member of this.#all) {
      const { health, fullWeight } = member;
      const change = health.update(now);
      if (change !== undefined) listener.changed(member, change);
      member.weight = fullWeight * health.share(now);
      due = Math.min(due, health.nextChange(now));
    }
    this.#due = due;
    const { members, isPanic } = usableOf(this.#all, now, zone);
    this.#balancer.update(members);
    if (isPanic === this.#isPanic) return;
    this.#isPanic = isPanic;
    listener.panic(isPanic);
  }
}

function sinceOf({ health }: PoolMember): number {
  return health.ejection.ejected.since;
}

/** Whether a member that was taken out at `since` was so before another one. Of one moment, that is decided by their ids. */
function isBefore(since: number, { id }: PoolMember, other: PoolMember): boolean {
  const then = sinceOf(other);
  return since < then || (since === then && id < other.id);
}
