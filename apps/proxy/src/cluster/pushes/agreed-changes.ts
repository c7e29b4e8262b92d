import type { Logger } from '@inband/core';
import { type Lock, StoreUnavailable } from '@inband/store';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describeFailure } from '../../log/describe-failure.ts';
import type { Follower } from './following/follower.ts';
import {
  agreementOf,
  followersIn,
  type FollowingMember,
  hasFollowed,
  isHeard,
  isMatch,
  newerOf,
  nextChange,
} from './push-decisions.ts';
import { busy, overtaken, refused, storeAway, tooLate, unanswered } from './push-errors.ts';
import { type Candidate, type ConfigRecord, parseCandidate, type Version } from './stored/records.ts';
import { insist, type StoredConfig } from './stored/stored-config.ts';

/** Milliseconds for all that is not waiting for members. */
const MARGIN = 20_000;
/** Milliseconds between two looks at what members answer. */
const LOOK = 100;
/** Milliseconds in which members are expected to have become what they should. */
const REACH = 5_000;

export interface AgreedChangesDeps {
  readonly stored: StoredConfig;
  readonly member: string;
  readonly follower: Follower;
  /** The members that live. */
  readonly members: () => Promise<readonly FollowingMember[]>;
  readonly logger: Logger;
}

/** How something is pushed. */
export interface PushOptions {
  /** Who asks. */
  readonly by: string;
  readonly message?: string | undefined;
  /** Of the record that is to be changed, as `If-Match` has it. */
  readonly ifMatch: string;
  /** Milliseconds in which every member has to say what it thinks. */
  readonly wait: number;
}

/** What a push has done. */
export interface Pushed {
  readonly record: ConfigRecord;
  readonly version: Version | undefined;
  /** What the members say that have to do with it, after at most five seconds. */
  readonly members: readonly FollowingMember[];
  /** Sections that were left out, because every member has them from its own file. */
  readonly left: readonly string[];
  /** Members that were not asked, because they have missed beats. */
  readonly unheard: readonly string[];
}

/** What is to become of a record. */
export interface Plan {
  readonly next: ConfigRecord;
  /** What all members have to agree to; undefined where they run it already. */
  readonly version: Version | undefined;
}

/** Says what is to become of a record. `fence` is that of the lock, for what is written to the store before. */
export type MakePlan = (record: ConfigRecord, fence: number) => Promise<Plan>;

/**
 * Changes the record of what is pushed: one member at a time, under a lock of the store, by compare and set, after every member that lives
 * has agreed to what the record is going to say.
 */
export class AgreedChanges {
  readonly #deps: AgreedChangesDeps;

  constructor(deps: AgreedChangesDeps) {
    this.#deps = deps;
  }

  /** Rejects with an `AdminError`; then nothing has changed. */
  async make(options: PushOptions, plan: MakePlan): Promise<Pushed> {
    const { stored, logger } = this.#deps;
    try {
      const lock = await stored.lock(options.wait + MARGIN);
      if (lock === undefined) throw busy(await this.#othersCandidate());
      try {
        return await this.#makeLocked(options, lock, plan);
      } finally {
        await lock.release().catch((error: unknown) => {
          logger.debug({ detail: describeFailure(error) }, 'the lock of a push could not be given back');
        });
      }
    } catch (error) {
      throw error instanceof StoreUnavailable ? storeAway(error.message) : error;
    }
  }

  /** The members that live and follow what is pushed. */
  async following(): Promise<FollowingMember[]> {
    return followersIn(await insist(this.#deps.members));
  }

  /** What somebody else has members look at. */
  async #othersCandidate(): Promise<Candidate | undefined> {
    const text = await this.#deps.stored.candidate().catch(() => undefined);
    return text === undefined ? undefined : parseCandidate(text);
  }

  async #makeLocked(options: PushOptions, { fence }: Lock, plan: MakePlan): Promise<Pushed> {
    const { stored, follower, logger } = this.#deps;
    const { record: there, revision } = await stored.record();
    const record = newerOf(there, follower.record);
    if (!isMatch(options.ifMatch, record.change)) throw tooLate(record);
    const { next: planned, version } = await plan(record, fence);
    if (version !== undefined) await this.#agree(version, options.wait, fence);
    const living = await this.following();
    const heard = living.filter(isHeard);
    const next = { ...planned, change: nextChange(record, living) };
    if (!(await stored.put(next, revision, fence))) throw tooLate((await stored.record()).record);
    await stored.dropCandidate();
    const fields = {
      version: version?.number,
      change: next.change,
      admin: options.by,
      ...(options.message !== undefined && { reason: options.message }),
    };
    logger.info(fields, 'the configuration of all members was changed');
    const members = await this.#reached(next, new Set(heard.map(({ name }) => name)));
    const unheard = living.filter((one) => !heard.includes(one)).map(({ name }) => name);
    return { record: next, version, left: [], unheard, members };
  }

  /** Resolves when every member that lives would run it. */
  async #agree(version: Version, wait: number, fence: number): Promise<void> {
    const { stored, member } = this.#deps;
    const id = randomUUID();
    await held(stored.putCandidate({ id, version, member }, wait + MARGIN, fence));
    const end = performance.now() + wait;
    for (;;) {
      const agreement = agreementOf(await this.following(), id, member);
      if (agreement.is === 'agreed') return;
      if (agreement.is === 'refused' || performance.now() > end) {
        await stored.dropCandidate();
        throw agreement.is === 'refused' ? refused(agreement.refusals) : unanswered(agreement.silent, wait);
      }
      await pause(LOOK);
    }
  }

  /** What members run, as soon as they run what they should, or say why they cannot. */
  async #reached(record: ConfigRecord, before: ReadonlySet<string>): Promise<readonly FollowingMember[]> {
    const end = performance.now() + REACH;
    for (;;) {
      const members = (await this.following().catch(() => [])).filter(({ name }) => before.has(name));
      const isReached = members.length > 0 && members.every((one) => hasFollowed(one, record));
      if (isReached || performance.now() > end) return members;
      await pause(LOOK);
    }
  }
}

/** Something that is written under the lock. */
export async function held(writing: Promise<boolean>): Promise<void> {
  if (!(await writing)) throw overtaken();
}
