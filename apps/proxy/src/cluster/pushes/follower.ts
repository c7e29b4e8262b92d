import type { Logger } from '@inband/core';
import { type Entry, StoreError, type Watch } from '@inband/store';
import type { PushedFiles } from '../../config/read/config-files.ts';
import { describeFailure } from '../../log/describe-failure.ts';
import { ContentProblem, type Seal, unpack } from './content.ts';
import type { ConfigInfo } from '../config-info.ts';
import type { CopyOnDisk } from './copy-on-disk.ts';
import {
  type Candidate,
  type ConfigRecord,
  type Content,
  parseCandidate,
  parseRecord,
  type Version,
  versionIn,
  versionOf,
} from './records.ts';
import type { StoredConfig } from './stored-config.ts';

/** Milliseconds until something that has failed is tried again: an address may be in use, a file may be missing. */
const NEXT_ATTEMPT = 10_000;
/** Milliseconds for which this member alone may put back what the store has lost. */
const LOCKED = 10_000;
/** Characters of a reason that others see. */
const MOST_REASON = 1_000;

/** What a member has begun with: see `startingConfig`. */
export interface Started {
  readonly record: ConfigRecord | undefined;
  /** Undefined: its own file. */
  readonly running: Version | undefined;
  readonly contents: readonly Content[];
  /** Whether the record is that of the store, and not that of the copy. */
  readonly isConfirmed: boolean;
  /** Why it does not run what it should. */
  readonly error: string | undefined;
}

export interface FollowerDeps {
  readonly stored: StoredConfig;
  readonly member: string;
  /** Undefined: without `cluster.secret`. */
  readonly seal: Seal | undefined;
  /** Undefined: nothing is kept on disk. */
  readonly copy: CopyOnDisk | undefined;
  readonly logger: Logger;
  /** Rejects if this member could not run it. */
  readonly check: (pushed: PushedFiles) => Promise<void>;
  /** Makes it the configuration of this member; undefined: its own file. Rejects if that is refused, and then nothing has changed. */
  readonly apply: (pushed: PushedFiles | undefined) => Promise<unknown>;
  /** {@link Follower.info} is another one. */
  readonly changed: () => void;
}

/**
 * Keeps a member at the version that the store has for it, and looks at candidates. Versions are applied one after the other, the last one
 * counts.
 *
 * A record that is older than the one which this member has had from the store is not followed, because the store has lost something: it was wiped, or restored from
 * an old copy. Whichever member notices puts its own back, under a lock.
 */
export class Follower {
  readonly #deps: FollowerDeps;
  readonly #watches: Watch[] = [];
  #record: ConfigRecord | undefined;
  #isConfirmed: boolean;
  #running: Version | undefined;
  /** By their ids: of what this member runs, and of what all run. */
  #contents: ReadonlyMap<string, Content>;
  #error: string | undefined;
  #verdict: ConfigInfo['verdict'] = undefined;
  /** The candidate that came last. */
  #candidate: string | undefined = undefined;
  #settling: Promise<void> | undefined = undefined;
  #isToSettleAgain = false;
  /** What the store has, where that is older. */
  #isStoreBehind = false;
  #retry: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  readonly #begun = performance.now();

  constructor(deps: FollowerDeps, started: Started) {
    this.#deps = deps;
    this.#record = started.record;
    this.#running = started.running;
    this.#isConfirmed = started.isConfirmed;
    this.#contents = new Map(started.contents.map((content) => [content.id, content]));
    this.#error = started.error;
  }

  start(): void {
    const { stored } = this.#deps;
    this.#watches.push(
      stored.watchRecord((entry) => this.#take(entry)),
      stored.watchCandidate((entry) => void this.#consider(entry && parseCandidate(entry.value))),
    );
  }

  get info(): ConfigInfo {
    const wanted = this.#record && versionOf(this.#record, this.#deps.member);
    const isWanted = wanted?.id === this.#running?.id;
    return {
      running: this.#running?.number ?? null,
      change: this.#record?.change ?? 0,
      ...(!isWanted && { wanted: wanted?.number ?? null }),
      ...(this.#error !== undefined && { error: this.#error.slice(0, MOST_REASON) }),
      ...(this.#verdict !== undefined && { verdict: this.#verdict }),
    };
  }

  /** The newest record that this member knows. */
  get record(): ConfigRecord | undefined {
    return this.#record;
  }

  /** Seconds since it was last known that this is what the store has. */
  get stale(): number {
    const confirmed = this.#watches[0]?.confirmed ?? this.#begun;
    return (performance.now() - confirmed) / 1_000;
  }

  /** Whether it is known what is pushed: the store has answered since the start, or a copy was on the disk. */
  get isKnown(): boolean {
    return this.#record !== undefined || this.#watches[0]?.confirmed !== undefined;
  }

  /** Whether the store has something older, or nothing, and this member could not put back what it had. */
  get isStoreBehind(): boolean {
    return this.#isStoreBehind;
  }

  /** The files of a version, from what this member keeps or from the store. Rejects if they are gone. */
  async filesOf(version: Version): Promise<PushedFiles> {
    const content = await this.#contentOf(version);
    if (content === undefined)
      throw new ContentProblem(`the content of version ${version.number} is not in the store any more.`);
    return { name: `version ${version.number}`, ...(await unpack(content, this.#deps.seal)) };
  }

  /** Resolves when nothing is being applied. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    for (const watch of this.#watches) watch.stop();
    await this.#settling;
  }

  #take(entry: Entry | undefined): void {
    const found = entry && parseRecord(entry.value);
    if (entry !== undefined && found === undefined) {
      this.#deps.logger.error({}, 'what the store has as the configuration of all members cannot be read');
      return;
    }
    const known = this.#record;
    if (found === undefined) return known === undefined ? undefined : this.#storeIsBehind(0);
    if (known !== undefined && found.change < known.change) {
      if (this.#isConfirmed) return this.#storeIsBehind(found.change);
      const fields = { stored: found.change, copy: known.change };
      this.#deps.logger.warn(fields, 'the store has an older configuration than the copy on disk; the store counts');
    }
    this.#isStoreBehind = false;
    this.#record = found;
    this.#isConfirmed = true;
    this.#error = undefined;
    this.#settle();
  }

  #settle(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#settling !== undefined) {
      this.#isToSettleAgain = true;
      return;
    }
    this.#settling = this.#become().finally(() => {
      this.#settling = undefined;
      const again = this.#isToSettleAgain;
      this.#isToSettleAgain = false;
      if (again && !this.#isClosed) this.#settle();
    });
  }

  /** Never rejects. */
  async #become(): Promise<void> {
    const { member, apply, logger, changed } = this.#deps;
    const record = this.#record;
    if (record === undefined) return;
    const wanted = versionOf(record, member);
    try {
      if (wanted?.id !== this.#running?.id) {
        await apply(wanted && (await this.filesOf(wanted)));
        logger.info(
          fieldsOf(wanted),
          wanted === undefined ? 'back to the own configuration' : 'a pushed version of the configuration is current',
        );
      }
      this.#running = wanted;
      this.#error = undefined;
    } catch (error) {
      if (this.#isClosed) return;
      const detail = reasonOf(error);
      if (detail !== this.#error)
        logger.error({ ...fieldsOf(wanted), detail }, 'a pushed version of the configuration cannot be used here');
      this.#error = detail;
      this.#tryLater();
    }
    await this.#keep(record);
    changed();
  }

  /** Keeps a copy on disk of what is good. */
  async #keep(record: ConfigRecord): Promise<void> {
    const { copy, logger } = this.#deps;
    try {
      const versions = [versionIn(record, record.current), this.#running];
      const ids = new Set(versions.flatMap((one) => (one === undefined ? [] : [one.id])));
      const current = versions[0];
      if (current !== undefined) await this.#contentOf(current);
      this.#contents = new Map([...this.#contents].filter(([id]) => ids.has(id)));
      if (this.#error === undefined) await copy?.write({ record, contents: [...this.#contents.values()] });
    } catch (error) {
      logger.warn(
        { file: copy?.file, detail: reasonOf(error) },
        'no copy of the configuration of all members could be kept on disk',
      );
    }
  }

  async #contentOf(version: Version): Promise<Content | undefined> {
    const known = this.#contents.get(version.id);
    if (known !== undefined) return known;
    const content = await this.#deps.stored.content(version);
    if (content !== undefined) this.#contents = new Map([...this.#contents, [content.id, content]]);
    return content;
  }

  /** Something that has failed, or the store that has lost something, is looked at again. */
  #tryLater(): void {
    if (this.#isClosed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      if (this.#isStoreBehind) void this.#putBack();
      else this.#settle();
    }, NEXT_ATTEMPT).unref();
  }

  #storeIsBehind(change: number): void {
    if (!this.#isStoreBehind) {
      const fields = { stored: change, known: this.#record?.change };
      this.#deps.logger.warn(fields, 'the store has lost what was pushed; this member keeps what it runs');
      this.#isStoreBehind = true;
      this.#deps.changed();
    }
    void this.#putBack();
  }

  /** Never rejects. */
  async #putBack(): Promise<void> {
    const { stored, logger } = this.#deps;
    try {
      const lock = await stored.lock(LOCKED);
      if (lock === undefined) return this.#tryLater();
      try {
        const isBack = await this.#putBackLocked(lock.fence);
        if (!isBack) this.#tryLater();
      } finally {
        await lock.release().catch(() => undefined);
      }
    } catch (error) {
      logger.debug({ detail: reasonOf(error) }, 'what was pushed could not be put back into the store');
      this.#tryLater();
    }
  }

  async #putBackLocked(fence: number): Promise<boolean> {
    const { stored, logger } = this.#deps;
    const known = this.#record;
    const { record, revision } = await stored.record();
    if (known === undefined || record.change >= known.change) return true;
    const current = versionIn(known, known.current);
    const content = current && this.#contents.get(current.id);
    if (current !== undefined && content === undefined) return false;
    if (current !== undefined && content !== undefined && !(await stored.putContent(current.number, content, fence)))
      return false;
    // A canary ends with it, because not every member has its content.
    const next = known.canary === null ? known : { ...known, canary: null, change: known.change + 1 };
    if (!(await stored.put(next, revision, fence))) return false;
    this.#isStoreBehind = false;
    this.#deps.changed();
    logger.warn(
      { version: next.current, change: next.change },
      'what was pushed was put back into the store, which had lost it',
    );
    return true;
  }

  async #consider(candidate: Candidate | undefined): Promise<void> {
    if (candidate === undefined || candidate.id === this.#candidate) return;
    // It has looked at it before it asked others.
    if (candidate.member === this.#deps.member) return;
    this.#candidate = candidate.id;
    let why: string | undefined;
    try {
      await this.#deps.check(await this.filesOf(candidate.version));
    } catch (error) {
      why = reasonOf(error).slice(0, MOST_REASON);
    }
    // Nobody waits for what is said of an earlier one.
    if (this.#candidate !== candidate.id) return;
    this.#verdict = { candidate: candidate.id, ...(why !== undefined && { why }) };
    this.#deps.changed();
  }
}

function fieldsOf(version: Version | undefined): object {
  return version === undefined
    ? {}
    : { version: version.number, by: version.by, ...(version.message !== undefined && { reason: version.message }) };
}

/** That the store is away is no defect, and has no stack to be looked at. */
function reasonOf(error: unknown): string {
  return error instanceof StoreError ? error.message : describeFailure(error);
}
