import {
  type ChainerPool,
  type EstablishOptions,
  type Logger,
  type OwnNotices,
  type PoolExplanation,
  type PoolServer,
  ProxyError,
  RateLimitedLine,
  type ServerFailure,
  type ServerOrder,
  type Session,
} from '@inband/core';
import type { HashOf } from './affinity/hash-key.ts';
import type { StickyCookie } from './affinity/sticky-cookie.ts';
import type { ActiveChecks } from './health/active-checks.ts';
import type { Finding } from './health/probes/probe.ts';
import type { HealthOptions } from './health/server-health.ts';
import { HealthLog } from './members/health-log.ts';
import { type PoolLimits, queueSize } from './limits/pool-limits.ts';
import { type MakeBalancer, Members } from './members/members.ts';
import { passedOver } from './members/passed-over.ts';
import { PoolMember } from './members/pool-member.ts';
import { PoolNote } from './members/pool-note.ts';
import { keyOf, SharedHealth } from './members/shared-health.ts';
import { shownServer } from './members/shown-server.ts';
import { StickyClients } from './members/sticky-clients.ts';
import { SessionQueue } from './limits/session-queue.ts';
import type { RetryPolicy } from './retry/retry-policy.ts';
import type { KnownServer, ServerSource } from './sources/server-source.ts';

export interface PoolDeps {
  readonly source: ServerSource;
  readonly balancer: MakeBalancer;
  readonly health: HealthOptions;
  /** Statuses that count as failures. */
  readonly failOn: readonly number[];
  /** Makes the active checks, if there are any. `found` is told of what they find, and returns whether to look again soon. */
  readonly checks?:
    | ((found: (member: PoolMember, finding: Finding) => boolean) => ActiveChecks<PoolMember>)
    | undefined;
  /** The zone of this proxy. */
  readonly zone?: string | undefined;
  /** Whether the instance needs it: see `ChainerPool.isRequired`. */
  readonly isRequired: boolean;
  /** How connections to a server are made. */
  readonly wayTo: (server: KnownServer) => EstablishOptions;
  /** Why a server is the one that is chosen, in a clause. */
  readonly whyPicked: (servers: number) => string;
  /** What is hashed of a session; 0 for nothing. */
  readonly hashOf: HashOf;
  /** Whether that is of the request. */
  readonly hashesRequest: boolean;
  /** Brings clients back to their servers. Undefined for nothing of the kind. */
  readonly sticky: StickyCookie<PoolMember> | undefined;
  readonly retry: RetryPolicy;
  /** The part of the requests that are not to be sent to a second server. Undefined: none are. */
  readonly hedge: number | undefined;
  readonly limits: PoolLimits;
  readonly logger: Pick<Logger, 'warn' | 'info' | 'debug'>;
  /** Tells other workers of the machine how servers are. Undefined where there are none. */
  readonly notices?: OwnNotices | undefined;
  /** Milliseconds for which a finding of a check counts for a worker that is started later. */
  readonly findingTtl: number;
  /** The place of the chainer, for messages. */
  readonly place: string | undefined;
  /** Milliseconds. */
  readonly now: () => number;
}

const NO_BUDGET = 'requests of a pool fail that other servers might serve, because the budget for retries is spent';

const UNKNOWN = 'Its addresses are not known.';

/**
 * Servers, and which of them a session gets. It counts sessions, and takes servers out by what happens to them. It connects nothing:
 * requests, tunnels and whatever else needs a server share it.
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
  readonly #healthLog: HealthLog;
  /** By the id of a server or as it is written. Undefined while there is none. */
  #orders: Map<string, ServerOrder> | undefined = undefined;
  readonly #checks: ActiveChecks<PoolMember> | undefined;
  readonly #shared: SharedHealth | undefined;
  #isStarted = false;
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
    const { balancer: makeBalancer, zone, health } = deps;
    this.#healthLog = new HealthLog(deps);
    this.#members = new Members({ makeBalancer, listener: this.#healthLog, zone, slowStart: health.slowStart });
    this.#checks = deps.checks?.((member, finding) => this.#checked(member, finding));
    this.#shared = deps.notices && this.#share(deps.notices);
    const { sticky } = deps;
    this.sticky = sticky && new StickyClients(sticky, (member) => this.#members.isUsable(member, deps.now()));
    this.#replace();
    deps.source.follow(() => this.#replace());
  }

  /** Begins to look for servers, and at them. Without it, the first session looks for them. */
  start(): void {
    this.source.start();
    this.#isStarted = true;
    this.#checks?.replace(this.#members.all);
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

  succeeded(member: PoolMember, wait: number | undefined): void {
    const now = this.#deps.now();
    member.health.succeeded(now);
    if (wait !== undefined) member.latency.answered(wait, now);
  }

  failed(member: PoolMember, { message, code }: Pick<ProxyError, 'message'> & { readonly code?: string }): void {
    const now = this.#deps.now();
    member.latency.failed(now);
    if (!member.health.failed(now) || !this.#members.eject(member, now, message, code)) return;
    this.#shared?.ejected(member, { why: message, error: code });
    this.#checks?.lookSoon(member);
    this.#serveQueue();
  }

  /** The server has answered with this status, and the answer came to its end. */
  answered(member: PoolMember, status: number, wait: number | undefined): void {
    if (this.#deps.failOn.includes(status)) this.failed(member, { message: `It answered ${status}.` });
    else this.succeeded(member, wait);
  }

  /** What to reject a session with that got no server. */
  noneLeft(): ProxyError {
    const setting = 'chainer.servers';
    if (this.#members.all.length === 0) {
      const message = 'The pool has no server: what finds them has found none.';
      return new ProxyError('destination_unavailable', message, { setting, retryAfter: 1 });
    }
    if (this.#members.all.every(({ order }) => order !== undefined)) {
      const message = 'Every server that could take this was taken out of service by the operator.';
      return new ProxyError('destination_unavailable', message, { setting });
    }
    return new ProxyError('destination_unavailable', 'No server of the pool is left for this request.', { setting });
  }

  close(): void {
    this.#queue.close();
    this.source.close();
    this.#checks?.close();
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
    return this.#members.all.map((member) => shownServer(member, now, this.#checks?.waitFor(member)));
  }

  serverOf({ chainerNote }: Session): string | undefined {
    return chainerNote instanceof PoolNote ? chainerNote.last?.id : undefined;
  }

  order(address: string, order: ServerOrder | undefined): boolean {
    const ordered = this.#members.all.filter(({ server }) => server.id === address || server.written === address);
    if (ordered.length === 0) return false;
    const orders = new Map(this.#orders);
    if (order === undefined) orders.delete(address);
    else orders.set(address, order);
    this.#orders = orders.size === 0 ? undefined : orders;
    for (const member of ordered) {
      member.order = this.#orderOf(member.server);
      if (order !== undefined) continue;
      member.health.readmit();
      this.#shared?.readmitted(member);
    }
    this.#refresh();
    return true;
  }

  explain(session: Session): PoolExplanation | undefined {
    if (!this.isReady) return undefined;
    const { hashOf, now, whyPicked } = this.#deps;
    const note = new PoolNote();
    note.hash = hashOf(session);
    note.inFlight = this.#members.inFlight;
    const { usable, picked } = this.#members.peek(note, now());
    const { all } = this.#members;
    const candidates = all.map((member) => ({
      address: member.id,
      weight: member.weight,
      sessions: member.inFlight,
      passedOver: passedOver(member, usable, now()),
    }));
    const unknown = this.source.unknown?.() ?? [];
    const missing = unknown.map((written) => ({ address: written, weight: 0, sessions: 0, passedOver: UNKNOWN }));
    const why = whyPicked(all.length);
    const because = usable.isPanic ? `${why}; most servers are down, so all are used` : why;
    return { candidates: [...candidates, ...missing], picked: picked?.id, because };
  }

  #orderOf({ id, written }: KnownServer): ServerOrder | undefined {
    return this.#orders?.get(id) ?? this.#orders?.get(written);
  }

  #replace(): void {
    const { source, health, wayTo, now } = this.#deps;
    const { all, former } = this.#members;
    const known = new Map([...former, ...all].map((member) => [keyOf(member.server), member]));
    const members = (source.servers ?? []).map((server) => {
      const before = known.get(keyOf(server));
      if (before !== undefined && former.has(before)) before.beginAnew(health);
      const member = before ?? new PoolMember(server, wayTo(server), health);
      member.update(server);
      member.order = this.#orderOf(server);
      return member;
    });
    this.#members.replace(members, now());
    this.#shared?.replace(members);
    if (this.#isStarted) this.#checks?.replace(members);
    this.sticky?.cookie.update(members);
    this.#serveQueue();
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

  #checked(member: PoolMember, finding: Finding): boolean {
    if (finding.is === 'unknown') {
      this.#healthLog.unknown(member, finding.why);
      return false;
    }
    const now = this.#deps.now();
    const why = finding.is === 'failed' ? finding.why : undefined;
    const { health } = member;
    const wasOut = health.ejection.isOut(now);
    const before = health.stateAt(now);
    const isDoubted = health.checked(why, now);
    const isBack = wasOut && !health.ejection.isOut(now);
    const hasFallen = before !== 'unwell' && health.stateAt(now) === 'unwell';
    this.#shared?.checked(member, { why, isBack, hasFallen });
    this.#refresh();
    return isDoubted;
  }

  /** What other workers know counts here, too. */
  #share(notices: OwnNotices): SharedHealth {
    const { now, findingTtl: ttl } = this.#deps;
    return new SharedHealth({
      notices,
      ttl,
      now,
      listener: {
        ejected: (member, ejected, reason) => {
          this.#members.ejectedElsewhere(member, ejected, reason, now());
          this.#checks?.lookSoon(member);
        },
        checked: (member, findings) => {
          this.#checks?.lookedElsewhere(member, member.health.checkedElsewhere(findings, now()));
        },
        heard: () => this.#refresh(),
        hinted: (server) => this.#hinted(server),
      },
    });
  }

  /** Other machines have found a server down. That says nothing here, but is a reason to look. */
  #hinted(server: string): void {
    if (this.#checks === undefined) return;
    for (const member of this.#members.all) if (member.id === server) this.#checks.lookSoon(member);
  }

  #refresh(): void {
    this.#members.refresh(this.#deps.now());
    this.#serveQueue();
  }
}
