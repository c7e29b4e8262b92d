import type { ConfigInfo } from '../config-info.ts';
import { MISSED_BEATS } from '../missed-beats.ts';
import type { ConfigRecord, Version } from './stored/records.ts';
import { versionIn, versionOf } from './stored/versions.ts';

/** A member that lives, with what it says of its configuration. */
export interface FollowingMember {
  readonly name: string;
  /** Undefined: it takes nothing that is pushed: it is embedded in a program, or of an older version. */
  readonly config?: ConfigInfo | undefined;
  /** It finishes what is open, perhaps for long, and follows nothing any more. */
  readonly isStopping?: boolean | undefined;
  /** Milliseconds since its last beat, as far as that is known. */
  readonly lag?: number | undefined;
}

/** What members say of a candidate: `refusals` with the name of each, `silent` are those that have not said anything yet. */
export type Agreement =
  | { readonly is: 'agreed' }
  | { readonly is: 'open'; readonly silent: readonly FollowingMember[] }
  | { readonly is: 'refused'; readonly refusals: readonly string[] };

/** The members that live and follow what is pushed. */
export function followersIn(members: readonly FollowingMember[]): FollowingMember[] {
  return members.filter(({ config, isStopping }) => config !== undefined && isStopping !== true);
}

/** Whether a member beats. Of one whose last beat has no time it is not known otherwise. */
export function isHeard({ lag = 0 }: FollowingMember): boolean {
  return lag <= MISSED_BEATS;
}

/** What `members` that beat say of the candidate with this id, without the one that pushes: it has looked at it before it asked others. */
export function agreementOf(members: readonly FollowingMember[], candidate: string, pushing: string): Agreement {
  const asked = members.filter((one) => one.config !== undefined && one.name !== pushing && isHeard(one));
  const refusals = asked.flatMap(({ name, config }) => {
    const { verdict } = config ?? {};
    return verdict?.candidate === candidate && verdict.why !== undefined ? [`${name}: ${verdict.why}`] : [];
  });
  if (refusals.length > 0) return { is: 'refused', refusals };
  const silent = asked.filter(({ config }) => config?.verdict?.candidate !== candidate);
  return silent.length === 0 ? { is: 'agreed' } : { is: 'open', silent };
}

/** Whether a member runs what it should by a record, or knows it and says why it cannot. */
export function hasFollowed({ name, config }: FollowingMember, record: ConfigRecord): boolean {
  if (config === undefined || config.change < record.change) return false;
  return config.error !== undefined || (versionOf(record, name)?.number ?? null) === config.running;
}

/** The record that counts: where the store has lost what a member knows, that. */
export function newerOf(stored: ConfigRecord, known: ConfigRecord | undefined): ConfigRecord {
  return known !== undefined && known.change > stored.change ? known : stored;
}

/** Of a new version. Numbers go on also if the store has lost what members know. */
export function nextNumber({ last }: ConfigRecord, members: readonly FollowingMember[]): number {
  return 1 + Math.max(last, ...members.map(({ config }) => config?.running ?? 0));
}

/** Of a record that replaces this one. It is greater than any that a member knows. */
export function nextChange({ change }: ConfigRecord, members: readonly FollowingMember[]): number {
  return 1 + Math.max(change, ...members.map(({ config }) => config?.change ?? 0));
}

/** The version whose content a rollback brings back: `to`, or the last one before the current with another content. */
export function versionToRestore(record: ConfigRecord, to: number | undefined): Version | undefined {
  if (to !== undefined) return versionIn(record, to);
  const current = versionIn(record, record.current);
  return record.versions.findLast(({ number, id }) => number < (record.current ?? 0) && id !== current?.id);
}

/** Whether `If-Match` names the record with this `change` (RFC 9110 section 13.1.1). */
export function isMatch(ifMatch: string, change: number): boolean {
  return ifMatch.trim() === '*' || ifMatch.split(',').some((tag) => tag.trim() === `"${change}"`);
}
