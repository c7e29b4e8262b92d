import {
  type ChainerPool,
  type PoolExplanation,
  type PoolServer,
  type ProxyError,
  RateLimitedLine,
  type ServerFailure,
  type ServerOrder,
  type Session,
} from '@inband/core';
import { explainPool } from './explain-pool.ts';
import { queueSize } from './limits/pool-limits.ts';
import { SessionQueue } from './limits/session-queue.ts';
import { HealthLog } from './members/health-log.ts';
import { Members } from './members/members.ts';
import { noneLeft } from './members/none-left.ts';
import { MembersHealth } from './members/members-health.ts';
import { PoolMember } from './members/pool-member.ts';
import { PoolNote } from './members/pool-note.ts';
import { isAt, ServerOrders } from './members/server-orders.ts';
import { keyOf } from './members/shared-health.ts';
import { shownServer } from './members/shown-server.ts';
import { StickyClients } from './members/sticky-clients.ts';
import type { PoolDeps } from './pool-deps.ts';
import type { RetryPolicy } from './retry/retry-policy.ts';
import type { KnownServer, ServerSource } from './sources/server-source.ts';

const NO_BUDGET = 'requests of a pool fail that other servers might serve, because the budget for retries is spent';

/**
 * Servers, and which of them a session gets. It counts sessions. It connects nothing: requests, tunnels and whatever else needs a server
 * share it.
 *
 * A session is at most at one server at a time: `take`, then `leave`, `failed` or `ended`, then perhaps `take` again.
 */
export class Pool implements ChainerPool {
  readonly source: ServerSource;
  readonly isRequired: boolean;
  readonly retry: RetryPolicy;
  /** See {@link PoolDeps.hedge}. */
  readonly hedge: number | undefined;
  readonly #deps: PoolDeps;
  /** Undefined where clients are not brought back to their servers. */
  readonly sticky: StickyClients | undefined;
  readonly #members: Members;
  /** How its servers are. It is to be told how sessions at them went. */
  readonly health: MembersHealth;
  readonly #orders = new ServerOrders();
  readonly #queue: SessionQueue;
  readonly #noBudget: RateLimitedLine;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    this.source = deps.source;
    this.retry = deps.retry;
    this.hedge = deps.hedge;
    this.#queue = new SessionQueue({
      size: () => queueSize(deps.limits, this.#members.all),
      timeout: deps.limits.queueTimeout,
      take: (session, note) => this.take(session, note),
    });
    this.isRequired = deps.isRequired;
    this.#noBudget = new RateLimitedLine((fields) => deps.logger.warn(fields, NO_BUDGET));
    const { balancer: makeBalancer, zone, checks, failOn, notices, findingTtl, now, sticky } = deps;
    const log = new HealthLog(deps);
    this.#members = new Members({ makeBalancer, listener: log, zone, slowStart: deps.health.slowStart });
    const of = { members: this.#members, log, changed: (): void => this.#serveQueue() };
    this.health = new MembersHealth({ ...of, checks, failOn, notices, findingTtl, now });
    this.sticky = sticky && new StickyClients(sticky, (member) => this.#members.isUsable(member, deps.now()));
    this.#replace();
    deps.source.follow(() => this.#replace());
  }

  /** Begins to look for servers, and at them. Without it, the first session looks for them. */
  start(): void {
    this.source.start();
    this.health.start();
  }

  get members(): readonly PoolMember[] {
    return this.#members.all;
  }

  /** Whether its servers are known. */
  get isReady(): boolean {
    return this.source.servers !== undefined;
  }

  /**
   * Gives a session a server, at which it is counted from now on. Undefined if none is left for it. It is not at the server any more that it
   * has had, and has its place where that is the only one.
   */
  take(session: Session, note: PoolNote): PoolMember | undefined {
    const before = note.member;
    if (before !== undefined) this.#uncount(note, before);
    note.hash = this.#deps.hashOf(session);
    note.own = this.#members.ownOf(session.client);
    const member = this.#isFull ? undefined : (this.sticky?.serverFor(session, note) ?? this.#pick(note));
    if (member !== undefined) {
      if (note.last === undefined) this.retry.budget.request();
      note.member = note.last = member;
      this.#members.began(member);
    }
    if (before !== undefined && before !== member) this.#serveQueue();
    return member;
  }

  /** For a session that {@link take} has no server for: whether that is only because of limits. */
  mayWait(note: PoolNote): boolean {
    const { all } = this.#members;
    const isLeft = (member: PoolMember): boolean => member.order === undefined && !note.hasFailed(member);
    return all.some((member) => (this.#isFull || member.isFull) && isLeft(member));
  }

  /** Waits until there is room at a server that the session may have. Rejects when that takes too long, and when too many wait. */
  waitForRoom(session: Session, note: PoolNote): Promise<PoolMember> {
    return this.#queue.wait(session, note);
  }

  /** Whether a request that its server has failed is to be sent to another one, which is charged to the budget. */
  mayRetry(note: PoolNote, failure: ServerFailure): boolean {
    if (!this.retry.isFor(failure) || !this.hasAnother(note)) return false;
    if (this.retry.budget.take(this.#deps.now())) return true;
    this.#noBudget.log(() => ({ setting: 'chainer.retry.budget' }));
    return false;
  }

  /** Whether the request of the session with `first` is to be sent to a second server, for the session with `beside`; charged as a retry. */
  mayHedge(first: PoolNote, beside: PoolNote): boolean {
    if (first.member === undefined || this.#isFull) return false;
    beside.exclude(first.member);
    // It is no request of its own.
    beside.last = first.member;
    beside.hash = first.hash;
    return this.hasAnother(beside) && this.retry.budget.take(this.#deps.now());
  }

  /** Whether a session whose server is excluded would get another one. */
  hasAnother(note: PoolNote): boolean {
    return this.#pick(note) !== undefined;
  }

  /** The session is not at its server any more. */
  leave(note: PoolNote): void {
    const { member } = note;
    if (member === undefined) return;
    this.#uncount(note, member);
    this.#serveQueue();
  }

  /** What to reject a session with that got no server. */
  noneLeft(): ProxyError {
    return noneLeft(this.#members.all);
  }

  close(): void {
    this.#queue.close();
    this.source.close();
    this.health.close();
  }

  /** Whether the server of a session depends on what its request says. */
  get looksAtRequest(): boolean {
    return this.#deps.hashesRequest || this.sticky !== undefined;
  }

  // ---- ChainerPool

  get queued(): number {
    return this.#queue.length;
  }

  servers(): PoolServer[] {
    const now = this.#deps.now();
    return this.#members.all.map((member) => shownServer(member, now, this.health.nextCheck(member)));
  }

  serverOf({ chainerNote }: Session): string | undefined {
    return chainerNote instanceof PoolNote ? chainerNote.last?.id : undefined;
  }

  order(address: string, order: ServerOrder | undefined): boolean {
    const ordered = this.#members.all.filter(({ server }) => isAt(address, server));
    if (ordered.length === 0) return false;
    this.#orders.set(address, order);
    for (const member of ordered) {
      member.order = this.#orders.of(member.server);
      if (order === undefined) this.health.readmit(member);
    }
    this.health.refresh();
    return true;
  }

  explain(session: Session): PoolExplanation | undefined {
    return explainPool(this.#members, this.#deps, session);
  }

  #replace(): void {
    const { source, now } = this.#deps;
    const members = this.#membersFor(source.servers ?? []);
    this.#members.replace(members, now());
    this.health.replace(members);
    this.sticky?.cookie.update(members);
    this.#serveQueue();
  }

  /** A server that was there before, or has gone while sessions at it run, has what is known of it. */
  #membersFor(servers: readonly KnownServer[]): readonly PoolMember[] {
    const { health, wayTo } = this.#deps;
    const { all, former } = this.#members;
    const known = new Map([...former, ...all].map((member) => [keyOf(member.server), member]));
    return servers.map((server) => {
      const before = known.get(keyOf(server));
      if (before !== undefined && former.has(before)) before.beginAnew(health);
      const member = before ?? new PoolMember(server, wayTo(server), health);
      member.update(server);
      member.order = this.#orders.of(server);
      return member;
    });
  }

  #uncount(note: PoolNote, member: PoolMember): void {
    note.member = undefined;
    this.#members.ended(member);
  }

  get #isFull(): boolean {
    return this.#members.inFlight >= this.#deps.limits.maxConnections;
  }

  #serveQueue(): void {
    if (this.#queue.length > 0) this.#queue.serve();
  }

  #pick(note: PoolNote): PoolMember | undefined {
    note.inFlight = this.#members.inFlight;
    return this.#members.pick(note, this.#deps.now());
  }
}
