import type { ConfigInfo } from '../../config-info.ts';
import { shortened } from './reason-of.ts';
import type { ConfigRecord, Version } from '../stored/records.ts';
import { versionIn, versionOf } from '../stored/versions.ts';

/**
 * What a record in the store is to a member:
 *
 * - `nothing`: nothing was pushed.
 * - `followed`: the member follows it.
 * - `older-followed`: the same, and it is older than the copy on disk, with which the member was started. The store counts.
 * - `behind`: the store has lost what the member has had from it, so it is not followed.
 */
export type Standing = 'nothing' | 'followed' | 'older-followed' | 'behind';

/** `found`: in the store. `known`: to the member; `isConfirmed`: it was in the store, and not only in the copy on disk. */
export function standingOf(
  found: ConfigRecord | undefined,
  known: ConfigRecord | undefined,
  isConfirmed: boolean,
): Standing {
  if (known === undefined) return found === undefined ? 'nothing' : 'followed';
  if (found === undefined) return 'behind';
  if (found.change >= known.change) return 'followed';
  return isConfirmed ? 'behind' : 'older-followed';
}

/** What is put back into a store that has lost it. A canary ends with it, because not every member has its content. */
export function recordToPutBack(known: ConfigRecord): ConfigRecord {
  return known.canary === null ? known : { ...known, canary: null, change: known.change + 1 };
}

/** The ids of the contents that a member keeps: of what it runs, and of what all run. */
export function contentsToKeep(record: ConfigRecord, running: Version | undefined): ReadonlySet<string> {
  const versions = [versionIn(record, record.current), running];
  return new Set(versions.flatMap((version) => (version === undefined ? [] : [version.id])));
}

/** What the other members see of one. */
export function infoOf(
  member: string,
  record: ConfigRecord | undefined,
  { running, error, verdict }: { readonly running: Version | undefined } & Pick<ConfigInfo, 'error' | 'verdict'>,
): ConfigInfo {
  const wanted = record && versionOf(record, member);
  return {
    running: running?.number ?? null,
    change: record?.change ?? 0,
    ...(wanted?.id !== running?.id && { wanted: wanted?.number ?? null }),
    ...(error !== undefined && { error: shortened(error) }),
    ...(verdict !== undefined && { verdict }),
  };
}
