import type { NoticeValue, OwnNotices, Topic } from '@inband/core';
import type { Ejected } from '../health/ejection.ts';
import type { Findings, Reason } from '../health/server-health.ts';
import type { KnownServer } from '../sources/server-source.ts';
import type { PoolMember } from './pool-member.ts';

/** What another worker of the machine knows of a server. */
export interface OthersListener {
  ejected(member: PoolMember, ejected: Ejected, reason: Reason): void;
  checked(member: PoolMember, findings: Findings): void;
  /** Called after one or more of these, because many may come in one message. */
  heard(): void;
  /** Other machines have found the server with this id down. */
  hinted(id: string): void;
}

export interface SharedHealthDeps {
  readonly notices: OwnNotices;
  /** Milliseconds for which what a look has found is of use to a worker that is started later. */
  readonly ttl: number;
  readonly listener: OthersListener;
  /** Milliseconds. */
  readonly now: () => number;
}

/** What is known of a server that this worker has not found yet. */
interface Early {
  readonly ejected?: { readonly value: NoticeValue; readonly until: number };
  readonly checked?: { readonly value: NoticeValue; readonly until: number };
}

/** Milliseconds for which it is of interest to other machines that a server has failed. */
const SUSPECT_TTL = 30_000;
/** Servers that other workers have, and this one has not. */
const MOST_EARLY = 1_024;

/**
 * What the workers of a machine tell each other of the servers of a pool: which were taken out by what happened to their sessions, and
 * what looks have found. Each notice holds all that its receiver needs, so that one that was lost matters only until the next one.
 */
export class SharedHealth {
  readonly #deps: SharedHealthDeps;
  readonly #ejected: Topic;
  readonly #checked: Topic;
  readonly #suspects: Topic;
  /** By {@link keyOf}. */
  #members = new Map<string, PoolMember>();
  readonly #early = new Map<string, Early>();
  #isHeard = false;

  constructor(deps: SharedHealthDeps) {
    this.#deps = deps;
    this.#ejected = deps.notices.topic('ejected');
    this.#checked = deps.notices.topic('checked');
    this.#suspects = deps.notices.common('suspects');
    deps.notices.common('hints').follow((id) => deps.listener.hinted(id));
    this.#ejected.follow((key, value, ttl) => this.#hear('ejected', key, value, ttl));
    this.#checked.follow((key, value, ttl) => this.#hear('checked', key, value, ttl));
  }

  /** A server was taken out here. */
  ejected(member: PoolMember, { why, error }: Reason): void {
    const { until, times, since } = member.health.ejection.ejected;
    this.#ejected.tell(keyOf(member.server), { times, since, why, error }, until - this.#deps.now());
    this.#suspect(member);
  }

  /** A server was looked at here. `isBack`: it was out, and is not any more. `hasFallen`: it is down by looks, and was not before. */
  checked(
    member: PoolMember,
    {
      why,
      isBack,
      hasFallen,
    }: { readonly why: string | undefined; readonly isBack: boolean; readonly hasFallen: boolean },
  ): void {
    const key = keyOf(member.server);
    this.#checked.tell(key, { ...member.health.findings(why) }, this.#deps.ttl);
    if (hasFallen) this.#suspect(member);
    if (isBack) this.#ejected.tell(key, undefined, 0);
  }

  /** Other machines may want to look at it, too. */
  #suspect({ id }: PoolMember): void {
    this.#suspects.tell(id, true, SUSPECT_TTL);
  }

  /** An operator has said that a server is well, to each worker. */
  readmitted({ server }: PoolMember): void {
    for (const topic of [this.#ejected, this.#checked]) topic.tell(keyOf(server), undefined, 0);
  }

  /** These are the servers from now on. Of those that are new it counts what other workers know. */
  replace(members: readonly PoolMember[]): void {
    this.#members = new Map(members.map((member) => [keyOf(member.server), member]));
    if (this.#early.size === 0) return;
    for (const [key, member] of this.#members) {
      const early = this.#early.get(key);
      if (early !== undefined) this.#recall(key, member, early);
    }
  }

  #recall(key: string, member: PoolMember, early: Early): void {
    this.#early.delete(key);
    for (const topic of ['checked', 'ejected'] as const) {
      const { value, until = 0 } = early[topic] ?? {};
      if (value !== undefined) this.#pass(topic, member, value, until - this.#deps.now());
    }
  }

  #hear(topic: 'ejected' | 'checked', key: string, value: NoticeValue | undefined, ttl: number): void {
    const member = this.#members.get(key);
    if (member === undefined) return this.#keep(topic, key, value, ttl);
    // That it is over is found out here, too: by the findings of looks, or by the same order of an operator.
    if (value !== undefined) this.#pass(topic, member, value, ttl);
  }

  #keep(topic: 'ejected' | 'checked', key: string, value: NoticeValue | undefined, ttl: number): void {
    const { [topic]: _before, ...early } = this.#early.get(key) ?? {};
    this.#early.delete(key);
    const notice = value === undefined ? {} : { [topic]: { value, until: this.#deps.now() + ttl } };
    const kept: Early = { ...early, ...notice };
    if (kept.checked === undefined && kept.ejected === undefined) return;
    const [oldest] = this.#early.keys();
    if (this.#early.size >= MOST_EARLY && oldest !== undefined) this.#early.delete(oldest);
    this.#early.set(key, kept);
  }

  #pass(topic: 'ejected' | 'checked', member: PoolMember, value: NoticeValue, ttl: number): void {
    const { listener, now } = this.#deps;
    if (ttl <= 0) return;
    const findings = topic === 'checked' ? findingsOf(value) : undefined;
    const told = topic === 'ejected' ? ejectedOf(value) : undefined;
    if (findings !== undefined) listener.checked(member, findings);
    if (told !== undefined) listener.ejected(member, { ...told.ejected, until: now() + ttl }, told.reason);
    if (this.#isHeard) return;
    this.#isHeard = true;
    queueMicrotask(() => {
      this.#isHeard = false;
      listener.heard();
    });
  }
}

/** A server with another name has other certificates, so that nothing that was connected to is as good. */
export function keyOf({ id, name }: KnownServer): string {
  return `${id} ${name}`;
}

function ejectedOf(value: NoticeValue): { ejected: Omit<Ejected, 'until'>; reason: Reason } | undefined {
  if (typeof value !== 'object' || !('why' in value)) return undefined;
  const { times, since, why, error } = value;
  if (typeof times !== 'number' || typeof since !== 'number' || typeof why !== 'string') return undefined;
  return { ejected: { times, since }, reason: { why, error: typeof error === 'string' ? error : undefined } };
}

function findingsOf(value: NoticeValue): Findings | undefined {
  if (typeof value !== 'object' || !('isUp' in value)) return undefined;
  const { why, isUp, against, good } = value;
  if (typeof isUp !== 'boolean' || typeof against !== 'number' || typeof good !== 'number') return undefined;
  return { why: typeof why === 'string' ? why : undefined, isUp, against, good };
}
