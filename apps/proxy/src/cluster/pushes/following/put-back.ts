import type { Logger } from '@inband/core';
import { recordToPutBack } from './follow-decisions.ts';
import type { KeptContents } from '../stored/kept-contents.ts';
import { reasonOf } from './reason-of.ts';
import type { ConfigRecord } from '../stored/records.ts';
import { versionIn } from '../stored/versions.ts';
import type { StoredConfig } from '../stored/stored-config.ts';

/** Milliseconds for which this member alone may put back what the store has lost. */
const LOCKED = 10_000;

export interface PutBackDeps {
  readonly stored: StoredConfig;
  readonly contents: KeptContents;
  /** What this member knows. */
  readonly record: () => ConfigRecord | undefined;
  readonly logger: Logger;
  /** {@link PutBack.isStoreBehind} is another one. */
  readonly changed: () => void;
}

/** Puts the record of this member back into a store that has lost it, with the content of what all run, under a lock. */
export class PutBack {
  readonly #deps: PutBackDeps;
  #isStoreBehind = false;

  constructor(deps: PutBackDeps) {
    this.#deps = deps;
  }

  /** Whether the store has something older, or nothing, and this member could not put back what it had. */
  get isStoreBehind(): boolean {
    return this.#isStoreBehind;
  }

  /** The store has a record with this `change`, which is older; 0: it has none. */
  storeIsBehind(change: number): void {
    if (this.#isStoreBehind) return;
    const fields = { stored: change, known: this.#deps.record()?.change };
    this.#deps.logger.warn(fields, 'the store has lost what was pushed; this member keeps what it runs');
    this.#isStoreBehind = true;
    this.#deps.changed();
  }

  /** The store has what this member knows, or something newer. */
  storeHasCaughtUp(): void {
    this.#isStoreBehind = false;
  }

  /** Resolves with whether it is to be tried again. */
  async attempt(): Promise<boolean> {
    const { stored, logger } = this.#deps;
    try {
      const lock = await stored.lock(LOCKED);
      if (lock === undefined) return true;
      try {
        return !(await this.#attemptLocked(lock.fence));
      } finally {
        await lock.release().catch(() => undefined);
      }
    } catch (error) {
      logger.debug({ detail: reasonOf(error) }, 'what was pushed could not be put back into the store');
      return true;
    }
  }

  /** Returns whether the store has it now, or a newer one. */
  async #attemptLocked(fence: number): Promise<boolean> {
    const { stored, contents, logger, changed } = this.#deps;
    const known = this.#deps.record();
    const { record, revision } = await stored.record();
    if (known === undefined || record.change >= known.change) return true;
    const current = versionIn(known, known.current);
    const content = current && contents.get(current);
    if (current !== undefined && content === undefined) return false;
    if (current !== undefined && content !== undefined && !(await stored.putContent(current.number, content, fence)))
      return false;
    const next = recordToPutBack(known);
    if (!(await stored.put(next, revision, fence))) return false;
    this.#isStoreBehind = false;
    changed();
    const fields = { version: next.current, change: next.change };
    logger.warn(fields, 'what was pushed was put back into the store, which had lost it');
    return true;
  }
}
