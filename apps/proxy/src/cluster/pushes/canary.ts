import { hash } from 'node:crypto';

/**
 * The members that get a version first: a share of those that live, rounded up, at least one. They are those whose names have the smallest hashes
 * together with the number of the version, so that it is not the same ones each time. Their names are stored, so a member that is restarted under the same
 * name stays what it was, and one that joins meanwhile has the version before.
 */
export function canaryMembers(members: readonly string[], share: number, version: number): string[] {
  const count = Math.max(1, Math.ceil(members.length * share));
  const ranked = members.map((name) => ({ name, rank: hash('sha256', `${version}/${name}`) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked.slice(0, count).map(({ name }) => name);
}
