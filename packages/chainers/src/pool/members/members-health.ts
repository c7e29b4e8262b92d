import type { OwnNotices, ProxyError } from '@inband/core';
import type { ActiveChecks } from '../health/active-checks.ts';
import type { Finding } from '../health/probes/probe.ts';
import type { HealthLog } from './health-log.ts';
import type { Members } from './members.ts';
import type { PoolMember } from './pool-member.ts';
import { SharedHealth } from './shared-health.ts';

/** Makes the active checks. `found` is told of what they find, and returns whether to look again soon. */
export type MakeChecks = (found: (member: PoolMember, finding: Finding) => boolean) => ActiveChecks<PoolMember>;

export interface MembersHealthDeps {
  readonly members: Members;
  readonly log: HealthLog;
  readonly checks?: MakeChecks | undefined;
  /** Statuses that count as failures. */
  readonly failOn: readonly number[];
  /** Tells other workers of the machine how servers are. Undefined where there are none. */
  readonly notices?: OwnNotices | undefined;
  /** Milliseconds for which a finding of a check counts for a worker that is started later. */
  readonly findingTtl: number;
  /** Called when other servers may get sessions than before. */
  readonly changed: () => void;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * How the servers of a pool are, by everything that says something of it: sessions at them, checks, other workers of this machine, other
 * machines, operators. What one of these finds is told to the others.
 */
export class MembersHealth {
  readonly #deps: MembersHealthDeps;
  readonly #checks: ActiveChecks<PoolMember> | undefined;
  readonly #shared: SharedHealth | undefined;
  #isStarted = false;

  constructor(deps: MembersHealthDeps) {
    this.#deps = deps;
    this.#checks = deps.checks?.((member, finding) => this.#checked(member, finding));
    this.#shared = deps.notices && this.#share(deps.notices);
  }

  /** Begins to check servers. */
  start(): void {
    this.#isStarted = true;
    this.#checks?.replace(this.#deps.members.all);
  }

  /** These are the servers from now on. */
  replace(members: readonly PoolMember[]): void {
    this.#shared?.replace(members);
    if (this.#isStarted) this.#checks?.replace(members);
  }

  close(): void {
    this.#checks?.close();
  }

  /** Milliseconds until a server is checked. Undefined if it is not. */
  nextCheck(member: PoolMember): number | undefined {
    return this.#checks?.waitFor(member);
  }

  /** A session at the server went well. `wait`: milliseconds to its answer, if it had one. */
  succeeded(member: PoolMember, wait: number | undefined): void {
    const now = this.#deps.now();
    member.health.succeeded(now);
    if (wait !== undefined) member.latency.answered(wait, now);
  }

  failed(member: PoolMember, { message, code }: Pick<ProxyError, 'message'> & { readonly code?: string }): void {
    const now = this.#deps.now();
    member.latency.failed(now);
    if (!member.health.failed(now) || !this.#deps.members.eject(member, now, message, code)) return;
    this.#shared?.ejected(member, { why: message, error: code });
    this.#checks?.lookSoon(member);
    this.#deps.changed();
  }

  /** The server has answered with this status, and the answer came to its end. */
  answered(member: PoolMember, status: number, wait: number | undefined): void {
    if (this.#deps.failOn.includes(status)) this.failed(member, { message: `It answered ${status}.` });
    else this.succeeded(member, wait);
  }

  /** An operator says that it is well. `refresh` is to be called after it. */
  readmit(member: PoolMember): void {
    member.health.readmit();
    this.#shared?.readmitted(member);
  }

  /** Chooses anew which servers get sessions. */
  refresh(): void {
    const { members, now, changed } = this.#deps;
    members.refresh(now());
    changed();
  }

  #checked(member: PoolMember, finding: Finding): boolean {
    if (finding.is === 'unknown') {
      this.#deps.log.unknown(member, finding.why);
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
    this.refresh();
    return isDoubted;
  }

  /** What other workers know counts here, too. */
  #share(notices: OwnNotices): SharedHealth {
    const { members, now, findingTtl: ttl } = this.#deps;
    return new SharedHealth({
      notices,
      ttl,
      now,
      listener: {
        ejected: (member, ejected, reason) => {
          members.ejectedElsewhere(member, ejected, reason, now());
          this.#checks?.lookSoon(member);
        },
        checked: (member, findings) => {
          this.#checks?.lookedElsewhere(member, member.health.checkedElsewhere(findings, now()));
        },
        heard: () => this.refresh(),
        hinted: (server) => this.#hinted(server),
      },
    });
  }

  /** Other machines have found a server down. That says nothing here, but is a reason to look. */
  #hinted(server: string): void {
    if (this.#checks === undefined) return;
    for (const member of this.#deps.members.all) if (member.id === server) this.#checks.lookSoon(member);
  }
}
