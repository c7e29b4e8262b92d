import { CheckVerdict } from './check-verdict.ts';
import { type Ejected, Ejection, type EjectionOptions } from './ejection.ts';
import { SlowStart } from './slow-start.ts';

/**
 * What is known of a server. `ejected`: what happened to its sessions has taken it out for a time (passive). `unwell`: its checks fail
 * (active), however long.
 *
 *     up ──eject──▶ ejected ──the time is over, or checks are good──▶ up
 *      │               │
 *      └─────fall──────┴──▶ unwell ──rise──▶ up
 */
export type HealthState = 'up' | 'ejected' | 'unwell';

/** That a server is in another state than before. */
export interface HealthChange {
  readonly from: HealthState;
  readonly to: HealthState;
  /** One sentence. */
  readonly why: string;
  /** The code of an error, where one is the reason. */
  readonly error: string | undefined;
  /** Whether another worker of the machine has found that out. */
  readonly isHeard: boolean;
}

/** What a server has failed with. */
export interface Reason {
  /** One sentence. */
  readonly why: string;
  /** The code of an error, where one is the reason. */
  readonly error: string | undefined;
}

/** What looks have found so far, as workers tell each other after each look. */
export interface Findings {
  /** What the last look has found; undefined if the server was well. */
  readonly why: string | undefined;
  readonly isUp: boolean;
  /** Findings in a row that contradict `isUp`. */
  readonly against: number;
  /** Good findings in a row. */
  readonly good: number;
}

export interface HealthOptions {
  readonly ejection: EjectionOptions;
  /** Findings of checks in a row. */
  readonly fall: number;
  readonly rise: number;
  /** Milliseconds until a server that comes back has all of its weight again. */
  readonly slowStart: number;
}

/** Why a server does not get sessions, and since when (`Date.now`). */
export interface Failure {
  readonly why: string;
  readonly since: number;
  /** Whether another worker of the machine has found that out. */
  readonly isHeard: boolean;
}

/** Whether a server gets sessions, by what happens to them and by checks. Times are in milliseconds on one clock. */
export class ServerHealth {
  readonly ejection: Ejection;
  readonly #verdict: CheckVerdict;
  readonly #slowStart: SlowStart;
  readonly #rise: number;
  /** As {@link ServerHealth.update} has seen it last. */
  #state: HealthState = 'up';
  /** What it failed with last. */
  #why = '';
  #error: string | undefined = undefined;
  #since = 0;
  #isHeard = false;
  /** Why it is well again, if that is not because its time is over. */
  #recovery: string | undefined = undefined;
  /** Good findings in a row. */
  #good = 0;

  constructor({ ejection, fall, rise, slowStart }: HealthOptions) {
    this.ejection = new Ejection(ejection);
    this.#verdict = new CheckVerdict({ fall, rise });
    this.#slowStart = new SlowStart(slowStart);
    this.#rise = rise;
  }

  stateAt(now: number): HealthState {
    if (!this.#verdict.isUp) return 'unwell';
    return this.ejection.isOut(now) ? 'ejected' : 'up';
  }

  isUp(now: number): boolean {
    return this.#verdict.isUp && !this.ejection.isOut(now);
  }

  /** Undefined while it is up. */
  failureAt(now: number): Failure | undefined {
    return this.isUp(now) ? undefined : { why: this.#why, since: this.#since, isHeard: this.#isHeard };
  }

  /** The part of its weight that it has. */
  share(now: number): number {
    return this.#slowStart.share(now);
  }

  /** When something about it changes by itself, if nothing else happens; Infinity if never. */
  nextChange(now: number): number {
    const { until } = this.ejection;
    return Math.min(until > now ? until : Infinity, this.#slowStart.nextStep(now) ?? Infinity);
  }

  /** The server has come into a pool that runs. */
  begin(now: number): void {
    this.#slowStart.begin(now);
  }

  /** A session was served. */
  succeeded(now: number): void {
    this.ejection.succeeded(now);
  }

  /** A session failed. Returns whether the server should be ejected now. */
  failed(now: number): boolean {
    return this.ejection.failed(now);
  }

  eject(now: number, why: string, error: string | undefined): void {
    this.ejection.eject(now);
    this.#good = 0;
    this.#failedWith({ why, error });
  }

  /** Another worker has taken it out. */
  ejectedElsewhere(ejected: Ejected, reason: Reason, now: number): void {
    const isNew = this.isUp(now);
    this.ejection.adopt(ejected, now);
    this.#good = 0;
    if (isNew) this.#failedWith(reason, true);
  }

  /** What a check found. `why`: one sentence; undefined if the server is well. Returns whether another look should follow soon. */
  checked(why: string | undefined, now: number): boolean {
    if (why === undefined) return this.#wasGood(now);
    this.#good = 0;
    this.#failedWith({ why, error: undefined });
    this.#verdict.add(false);
    return this.#verdict.isDoubted;
  }

  /** What looks have found. `why`: what the last one has. */
  findings(why: string | undefined): Findings {
    return { why, isUp: this.#verdict.isUp, against: this.#verdict.against, good: this.#good };
  }

  /** What another worker has found, which has looked. Returns whether another look should follow soon. */
  checkedElsewhere({ why, isUp, against, good }: Findings, now: number): boolean {
    const isFoundUp = isUp && !this.#verdict.isUp;
    this.#verdict.adopt(isUp, against);
    this.#good = good;
    if (why === undefined) return this.#believe(isFoundUp, now);
    this.#failedWith({ why, error: undefined }, true);
    return this.#verdict.isDoubted;
  }

  #wasGood(now: number): boolean {
    this.#good += 1;
    return this.#believe(this.#verdict.add(true), now);
  }

  /** After a good finding. `isFoundUp`: it was down by checks until now. */
  #believe(isFoundUp: boolean, now: number): boolean {
    const isRisen = this.#good >= this.#rise;
    // Checks that have found it down are believed when they find it up. Others are believed once only, because a server that answers checks and
    // fails sessions would come back again and again.
    if (isFoundUp) this.ejection.end(now);
    if (isFoundUp || (isRisen && this.ejection.endFirst(now))) {
      this.#recovery = `${this.#rise} checks in a row were good.`;
    }
    return !isRisen && !this.isUp(now);
  }

  /** An operator says that it is well. */
  readmit(): void {
    this.ejection.readmit();
    this.#verdict.reset();
    this.#recovery = 'An operator has said so.';
  }

  /** Says once of each change what it was. To be called whenever something may have changed. */
  update(now: number): HealthChange | undefined {
    const from = this.#state;
    const to = this.stateAt(now);
    if (from === to) return undefined;
    this.#state = to;
    if (to === 'up') return this.#isBack(from, now);
    if (from === 'up') this.#since = to === 'ejected' ? this.ejection.ejected.since : Date.now();
    return { from, to, why: this.#why, error: this.#error, isHeard: this.#isHeard };
  }

  #isBack(from: HealthState, now: number): HealthChange {
    const why = this.#recovery ?? 'The time for which it was out is over.';
    const isHeard = this.#isHeard;
    this.#slowStart.begin(now);
    this.#failedWith({ why: '', error: undefined });
    return { from, to: 'up', why, error: undefined, isHeard };
  }

  #failedWith({ why, error }: Reason, isHeard = false): void {
    this.#why = why;
    this.#error = error;
    this.#isHeard = isHeard;
    this.#recovery = undefined;
  }
}
