import { AdminError } from '@inband/admin';
import type { PushedFiles } from '../../config/read/config-files.ts';
import { withoutLocal } from '../../config/read/without-local.ts';
import { AgreedChanges, type AgreedChangesDeps, held, type Pushed, type PushOptions } from './agreed-changes.ts';
import { canaryMembers } from './canary.ts';
import { ContentProblem, pack, type Seal } from './stored/content.ts';
import { isHeard, nextNumber, versionToRestore } from './push-decisions.ts';
import { conflict, noContent, noVersion, refuseDuringCanary } from './push-errors.ts';
import type { ConfigRecord, Content, Version, VersionFiles } from './stored/records.ts';
import { versionIn, withVersion } from './stored/versions.ts';

export interface PusherDeps extends AgreedChangesDeps {
  readonly seal: Seal | undefined;
  readonly check: (pushed: PushedFiles) => Promise<void>;
}

/** Changes which version members have: pushes, promotes, takes back. */
export class Pusher {
  readonly #deps: PusherDeps;
  readonly #changes: AgreedChanges;

  constructor(deps: PusherDeps) {
    this.#deps = deps;
    this.#changes = new AgreedChanges(deps);
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
    const pushed = await this.#changes.make(options, async (record, fence) => {
      refuseDuringCanary(record);
      const version = await this.#add(content, record, options, fence);
      const added = withVersion(record, version);
      if (canary === undefined) return { next: { ...added, current: version.number }, version };
      const living = new Set((await this.#changes.following()).filter(isHeard).map(({ name }) => name)).add(
        this.#deps.member,
      );
      const members = canaryMembers([...living], canary, version.number);
      return { next: { ...added, canary: { number: version.number, members } }, version };
    });
    return { ...pushed, left };
  }

  /** What a few members have becomes that of all. */
  promote(options: PushOptions): Promise<Pushed> {
    return this.#changes.make(options, async (record) => {
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
    return this.#changes.make(options, async (record, fence) => {
      if (record.canary !== null && to === undefined) return { next: { ...record, canary: null }, version: undefined };
      refuseDuringCanary(record);
      const old = versionToRestore(record, to);
      if (old === undefined) throw noVersion(record, to);
      const content = await this.#deps.stored.content(old);
      if (content === undefined) throw noContent(old);
      const version = { ...(await this.#add(content, record, options, fence)), again: old.number };
      await this.#check(version);
      return { next: { ...withVersion(record, version), current: version.number }, version };
    });
  }

  async #check(version: Version): Promise<void> {
    const { check, follower } = this.#deps;
    await check(await follower.filesOf(version));
  }

  /** Stores the content of a new version, which nobody has yet. */
  async #add(content: Content, record: ConfigRecord, { by, message }: PushOptions, fence: number): Promise<Version> {
    const number = nextNumber(record, await this.#changes.following());
    await held(this.#deps.stored.putContent(number, content, fence));
    const at = new Date().toISOString();
    return { number, id: content.id, by, at, ...(message !== undefined && { message }) };
  }
}
