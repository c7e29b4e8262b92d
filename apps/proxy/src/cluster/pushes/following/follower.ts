import type { Logger } from '@inband/core';
import type { Entry, Watch } from '@inband/store';
import type { PushedFiles } from '../../../config/read/config-files.ts';
import { CandidateLook } from './candidate-look.ts';
import type { Seal } from '../stored/content.ts';
import type { ConfigInfo } from '../../config-info.ts';
import type { CopyOnDisk } from '../stored/copy-on-disk.ts';
import { contentsToKeep, infoOf, standingOf } from './follow-decisions.ts';
import { KeptContents } from '../stored/kept-contents.ts';
import { PutBack } from './put-back.ts';
import { reasonOf } from './reason-of.ts';
import { type ConfigRecord, type Content, parseCandidate, parseRecord, type Version } from '../stored/records.ts';
import { versionIn, versionOf } from '../stored/versions.ts';
import type { StoredConfig } from '../stored/stored-config.ts';

/** Milliseconds until something that has failed is tried again: an address may be in use, a file may be missing. */
const NEXT_ATTEMPT = 10_000;
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
  readonly #contents: KeptContents;
  readonly #putBack: PutBack;
  readonly #look: CandidateLook;
  #error: string | undefined;
  #settling: Promise<void> | undefined = undefined;
  #isToSettleAgain = false;
  #retry: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  readonly #begun = performance.now();

  constructor(deps: FollowerDeps, started: Started) {
    this.#deps = deps;
    this.#record = started.record;
    this.#running = started.running;
    this.#isConfirmed = started.isConfirmed;
    const { stored, member, check, changed, logger } = deps;
    const contents = (this.#contents = new KeptContents(stored, deps.seal, started.contents));
    this.#putBack = new PutBack({ stored, contents, record: () => this.#record, logger, changed });
    this.#look = new CandidateLook({ member, contents, check, changed });
    this.#error = started.error;
  }

  start(): void {
    const { stored } = this.#deps;
    this.#watches.push(
      stored.watchRecord((entry) => this.#take(entry)),
      stored.watchCandidate((entry) => void this.#look.at(entry && parseCandidate(entry.value))),
    );
  }

  get info(): ConfigInfo {
    const now = { running: this.#running, error: this.#error, verdict: this.#look.verdict };
    return infoOf(this.#deps.member, this.#record, now);
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
    return this.#putBack.isStoreBehind;
  }

  /** The files of a version, from what this member keeps or from the store. Rejects if they are gone. */
  filesOf(version: Version): Promise<PushedFiles> {
    return this.#contents.filesOf(version);
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
    const standing = standingOf(found, this.#record, this.#isConfirmed);
    if (standing === 'behind') {
      this.#putBack.storeIsBehind(found?.change ?? 0);
      void this.#tryToPutBack();
      return;
    }
    if (found === undefined) return;
    if (standing === 'older-followed') {
      const fields = { stored: found.change, copy: this.#record?.change };
      this.#deps.logger.warn(fields, 'the store has an older configuration than the copy on disk; the store counts');
    }
    this.#putBack.storeHasCaughtUp();
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
      const current = versionIn(record, record.current);
      if (current !== undefined) await this.#contents.fetch(current);
      this.#contents.keepOnly(contentsToKeep(record, this.#running));
      if (this.#error === undefined) await copy?.write({ record, contents: [...this.#contents.all] });
    } catch (error) {
      logger.warn(
        { file: copy?.file, detail: reasonOf(error) },
        'no copy of the configuration of all members could be kept on disk',
      );
    }
  }

  /** Something that has failed, or the store that has lost something, is looked at again. */
  #tryLater(): void {
    if (this.#isClosed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      if (this.isStoreBehind) void this.#tryToPutBack();
      else this.#settle();
    }, NEXT_ATTEMPT).unref();
  }

  async #tryToPutBack(): Promise<void> {
    if (await this.#putBack.attempt()) this.#tryLater();
  }
}

function fieldsOf(version: Version | undefined): object {
  return version === undefined
    ? {}
    : { version: version.number, by: version.by, ...(version.message !== undefined && { reason: version.message }) };
}
