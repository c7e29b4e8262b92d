import type { ConfigRecord, Version } from './records.ts';

/** Versions that are kept. */
export const MOST_VERSIONS = 20;

/** The version with this number, as long as it is kept. */
export function versionIn({ versions }: ConfigRecord, number: number | null): Version | undefined {
  return number === null ? undefined : versions.find((one) => one.number === number);
}

/** The version that a member has by a record; undefined: its own file. */
export function versionOf(found: ConfigRecord, member: string): Version | undefined {
  const { canary, current } = found;
  return versionIn(found, canary?.members.includes(member) === true ? canary.number : current);
}

/** With one more version. What is older than the last {@link MOST_VERSIONS} is dropped, but never what somebody has. */
export function withVersion(before: ConfigRecord, added: Version): ConfigRecord {
  const all = [...before.versions, added];
  const used = new Set([before.current, before.canary?.number]);
  const surplus = all.filter(({ number }) => !used.has(number)).slice(0, Math.max(0, all.length - MOST_VERSIONS));
  return { ...before, last: added.number, versions: all.filter((one) => !surplus.includes(one)) };
}

/** Before anything was pushed. */
export const NO_RECORD: ConfigRecord = { change: 0, last: 0, current: null, canary: null, versions: [] };
