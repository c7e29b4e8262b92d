import { AdminError } from '@inband/admin';
import type { Logger } from '@inband/core';
import { type Lock, StoreUnavailable } from '@inband/store';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { PushedFiles } from '../../config/read/config-files.ts';
import { withoutLocal } from '../../config/read/without-local.ts';
import { describeFailure } from '../../log/describe-failure.ts';
import { canaryMembers } from './canary.ts';
import { ContentProblem, pack, type Seal } from './content.ts';
import type { ConfigInfo } from '../config-info.ts';
import type { Follower } from './follower.ts';
import {
  type ConfigRecord,
  parseCandidate,
  type Version,
  type VersionFiles,
  versionIn,
  versionOf,
  withVersion,
} from './records.ts';
import { insist, type StoredConfig } from './stored-config.ts';

/** Milliseconds for all that is not waiting for members. */
const MARGIN = 20_000;
/** Milliseconds between two looks at what members answer. */
const LOOK = 100;
/** Milliseconds in which members are expected to have become what they should. */
const REACH = 5_000;

/** A member that lives, with what it says of its configuration. */
export interface FollowingMember {
  readonly name: string;
  /** Undefined: it takes nothing that is pushed: it is embedded in a program, or of an older version. */
  readonly config?: ConfigInfo | undefined;
  /** It finishes what is open, perhaps for long, and follows nothing any more. */
  readonly isStopping?: boolean | undefined;
}

export interface PusherDeps {
  readonly stored: StoredConfig;
  readonly member: string;
  readonly seal: Seal | undefined;
  readonly follower: Follower;
  /** Those that live. */
  readonly members: () => Promise<readonly FollowingMember[]>;
  readonly check: (pushed: PushedFiles) => Promise<void>;
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
}

/** What is to become of a record; the version is one that members have agreed to. */
interface Plan {
  readonly next: ConfigRecord;
  /** What all members have to agree to; undefined where they run it already. */
  readonly version: Version | undefined;
}

type MakePlan = (record: ConfigRecord, fence: number) => Promise<Plan>;

/** The title of every answer to somebody who was too late. */
const TOO_LATE = 'The configuration of all members has changed';

/**
 * Changes which version members have: pushes, promotes, takes back. One does so at a time, under a lock of the store. A version becomes
 * current by compare and set, after every member that lives has agreed to it.
 */
export class Pusher {
  readonly #deps: PusherDeps;

  constructor(deps: PusherDeps) {
    this.#deps = deps;
  }

  /** Pushes files; `canary`: to this share of members only. */
  async push(
    given: VersionFiles,
    { canary, ...options }: PushOptions & { readonly canary?: number | undefined },
  ): Promise<Pushed> {
    const { files, left } = withoutLocal(given);
    const content = await pack(files, this.#deps.seal).catch((error: unknown) => {
      if (!(error instanceof ContentProblem)) throw error;
      throw new AdminError({ status: 413, title: 'The configuration is too large', detail: error.message });
    });
    await this.#deps.check({ name: 'what is pushed', ...files });
    const pushed = await this.#exclusively(options, async (record, fence) => {
      refuseDuringCanary(record);
      const version = await this.#newVersion(record, content.id, options);
      await this.#held(this.#deps.stored.putContent(version.number, content, fence));
      const added = withVersion(record, version);
      if (canary === undefined) return { next: { ...added, current: version.number }, version };
      const living = new Set((await this.#following()).map(({ name }) => name)).add(this.#deps.member);
      const members = canaryMembers([...living], canary, version.number);
      return { next: { ...added, canary: { number: version.number, members } }, version };
    });
    return { ...pushed, left };
  }

  /** What a few members have becomes that of all. */
  promote(options: PushOptions): Promise<Pushed> {
    return this.#exclusively(options, async (record) => {
      if (record.canary === null)
        throw conflict('There is no canary', 'Nothing waits to be promoted; see "inband versions".');
      const { number } = record.canary;
      const version = versionIn(record, number);
      // Members may have joined since it was pushed, and files may have changed.
      if (version !== undefined) await this.#check(version);
      return { next: { ...record, current: number, canary: null }, version };
    });
  }

  /**
   * Ends a canary. Without one: makes a new version with the content of an old one, `to`, or of the one before the current.
   */
  rollback({ to, ...options }: PushOptions & { readonly to?: number | undefined }): Promise<Pushed> {
    return this.#exclusively(options, async (record, fence) => {
      if (record.canary !== null && to === undefined) return { next: { ...record, canary: null }, version: undefined };
      refuseDuringCanary(record);
      const old = to === undefined ? versionBefore(record) : versionIn(record, to);
      if (old === undefined)
        throw new AdminError({ status: 404, title: 'There is no such version', detail: noVersion(record, to) });
      const content = await this.#deps.stored.content(old);
      if (content === undefined)
        throw new AdminError({
          status: 404,
          title: 'There is no such version',
          detail: `The content of version ${old.number} is not in the store any more.`,
        });
      const version = { ...(await this.#newVersion(record, old.id, options)), again: old.number };
      await this.#held(this.#deps.stored.putContent(version.number, content, fence));
      await this.#check(version);
      return { next: { ...withVersion(record, version), current: version.number }, version };
    });
  }

  async #check(version: Version): Promise<void> {
    const { check, follower } = this.#deps;
    await check(await follower.filesOf(version));
  }

  /** Numbers go on also if the store has lost what members know. */
  async #newVersion(record: ConfigRecord, id: string, { by, message }: PushOptions): Promise<Version> {
    const running = (await this.#following()).map(({ config }) => config?.running ?? 0);
    const number = 1 + Math.max(record.last, ...running);
    return { number, id, by, at: new Date().toISOString(), ...(message !== undefined && { message }) };
  }

  async #exclusively(options: PushOptions, plan: MakePlan): Promise<Pushed> {
    const { stored, logger } = this.#deps;
    try {
      const lock = await stored.lock(options.wait + MARGIN);
      if (lock === undefined) throw await this.#busy();
      try {
        return await this.#change(options, lock, plan);
      } finally {
        await lock.release().catch((error: unknown) => {
          logger.debug({ detail: describeFailure(error) }, 'the lock of a push could not be given back');
        });
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      const detail = `${error.message.replace(/\.$/, '')}. Members keep what they run. If this was a push, "inband versions" shows later whether it was made.`;
      throw new AdminError({ status: 503, title: 'The store does not answer', detail, setting: 'store' }, 5);
    }
  }

  async #change(options: PushOptions, { fence }: Lock, plan: MakePlan): Promise<Pushed> {
    const { stored, follower, logger } = this.#deps;
    const { record: there, revision } = await stored.record();
    // Where the store has lost what members know, that counts.
    const known = follower.record;
    const record = known !== undefined && known.change > there.change ? known : there;
    if (!isMatch(options.ifMatch, record.change)) throw tooLate(record);
    const { next: planned, version } = await plan(record, fence);
    if (version !== undefined) await this.#agree(version, options.wait, fence);
    const living = await this.#following();
    const changes = living.map(({ config }) => config?.change ?? 0);
    const next = { ...planned, change: 1 + Math.max(record.change, ...changes) };
    if (!(await stored.put(next, revision, fence))) throw tooLate((await stored.record()).record);
    await stored.dropCandidate();
    const fields = {
      version: version?.number,
      change: next.change,
      admin: options.by,
      ...(options.message !== undefined && { reason: options.message }),
    };
    logger.info(fields, 'the configuration of all members was changed');
    return {
      record: next,
      version,
      left: [],
      members: await this.#reached(next, new Set(living.map(({ name }) => name))),
    };
  }

  /** Resolves when every member that lives would run it. */
  async #agree(version: Version, wait: number, fence: number): Promise<void> {
    const { stored, member } = this.#deps;
    const id = randomUUID();
    await this.#held(stored.putCandidate({ id, version, member }, wait + MARGIN, fence));
    const end = performance.now() + wait;
    const isAsked = ({ name, config }: FollowingMember): boolean => config !== undefined && name !== member;
    for (;;) {
      const asked = (await this.#following()).filter(isAsked);
      const refusals = asked.flatMap(({ name, config }) => {
        const { verdict } = config ?? {};
        return verdict?.candidate === id && verdict.why !== undefined ? [`${name}: ${verdict.why}`] : [];
      });
      if (refusals.length > 0) {
        await stored.dropCandidate();
        throw refused(refusals);
      }
      const silent = asked.filter(({ config }) => config?.verdict?.candidate !== id).map(({ name }) => name);
      if (silent.length === 0) return;
      if (performance.now() > end) {
        await stored.dropCandidate();
        throw unanswered(silent, wait);
      }
      await pause(LOOK);
    }
  }

  /** What members run, as soon as they run what they should, or say why they cannot. */
  async #reached(record: ConfigRecord, before: ReadonlySet<string>): Promise<readonly FollowingMember[]> {
    const end = performance.now() + REACH;
    for (;;) {
      const members = (await this.#following().catch(() => [])).filter(({ name }) => before.has(name));
      const open = members.filter(({ name, config }) => {
        const isBehind = config !== undefined && config.change < record.change;
        return (
          isBehind || (config?.error === undefined && (versionOf(record, name)?.number ?? null) !== config?.running)
        );
      });
      if ((members.length > 0 && open.length === 0) || performance.now() > end) return members;
      await pause(LOOK);
    }
  }

  async #following(): Promise<readonly FollowingMember[]> {
    const members = await insist(this.#deps.members);
    return members.filter(({ config, isStopping }) => config !== undefined && isStopping !== true);
  }

  /** Something that was written under the lock. */
  async #held(writing: Promise<boolean>): Promise<void> {
    if (!(await writing))
      throw conflict(
        'Somebody else is pushing',
        'This took too long, and somebody else began meanwhile. Nothing has changed.',
      );
  }

  async #busy(): Promise<AdminError> {
    const text = await this.#deps.stored.candidate().catch(() => undefined);
    const candidate = text === undefined ? undefined : parseCandidate(text);
    if (candidate === undefined)
      return conflict('Somebody else is pushing', 'Nothing has changed. Try again in a moment.');
    const { version } = candidate;
    return conflict(
      'Somebody else is pushing',
      `${said(version)}, at ${candidate.member}. Nothing has changed by you.`,
    );
  }
}

function conflict(title: string, detail: string): AdminError {
  return new AdminError({ status: 409, title, detail });
}

function refuseDuringCanary({ canary }: ConfigRecord): void {
  if (canary === null) return;
  const members = canary.members.slice(0, 5).join(', ');
  const detail = `Version ${canary.number} is a canary on ${members}${canary.members.length > 5 ? ', …' : ''}: promote it (inband push --promote), or end it (inband rollback).`;
  throw conflict('There is a canary', detail);
}

function tooLate(record: ConfigRecord): AdminError {
  const latest = record.versions.at(-1);
  const who = latest === undefined ? 'Somebody was first' : `Somebody was first: ${said(latest)}`;
  const detail = `${who}. Nothing has changed by you; look at it (inband versions), and push again.`;
  return new AdminError({ status: 412, title: TOO_LATE, detail });
}

function refused(refusals: readonly string[]): AdminError {
  const title = 'A member refuses the configuration; nothing has changed';
  const lines = refusals.flatMap((text) => text.split('\n'));
  return new AdminError({ status: 422, title, detail: lines[0] ?? '', problems: lines });
}

function unanswered(silent: readonly string[], wait: number): AdminError {
  const title = 'A member does not answer; nothing has changed';
  const some = `${silent.slice(0, 10).join(', ')}${silent.length > 10 ? `, and ${silent.length - 10} more` : ''}`;
  const detail = `Not within ${wait / 1_000} s: ${some}. A member that was ended counts for half a minute more; --wait gives members longer.`;
  return new AdminError({ status: 503, title, detail, problems: [...silent] }, 10);
}

function said({ number, by, at, message }: Version): string {
  return `version ${number} by ${by}, ${at}${message === undefined ? '' : ` (${message})`}`;
}

function versionBefore(record: ConfigRecord): Version | undefined {
  const current = versionIn(record, record.current);
  return record.versions.findLast(({ number, id }) => number < (record.current ?? 0) && id !== current?.id);
}

function noVersion({ versions }: ConfigRecord, to: number | undefined): string {
  if (versions.length === 0) return 'Nothing was pushed yet.';
  const kept = `Kept are ${versions.map(({ number }) => number).join(', ')}.`;
  return to === undefined ? `There is none before the current one. ${kept}` : `There is no version ${to}. ${kept}`;
}

/** Whether `If-Match` names the record (RFC 9110 section 13.1.1). */
function isMatch(ifMatch: string, change: number): boolean {
  return ifMatch.trim() === '*' || ifMatch.split(',').some((tag) => tag.trim() === `"${change}"`);
}
