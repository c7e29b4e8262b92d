import type { PoolMember } from './pool-member.ts';
import type { PoolNote } from './pool-note.ts';

/**
 * A server for a session that none of those that usually get sessions can have: of those that are up and have not failed it, one of the first
 * tier, whatever its zone is. So a session whose servers all refuse goes to a backup, before it is known that they are down. That they are full
 * does not lead to another tier. `now`: milliseconds.
 */
export function anyOther(all: readonly PoolMember[], note: PoolNote, now: number): PoolMember | undefined {
  let best: PoolMember | undefined;
  let first = Infinity;
  for (const member of all) {
    if (member.tier > first || !member.isUsable(now) || note.hasFailed(member)) continue;
    if (member.tier < first) best = undefined;
    first = member.tier;
    if (!member.isFull && (best === undefined || loadOf(member) < loadOf(best))) best = member;
  }
  return best;
}

function loadOf({ inFlight, weight }: PoolMember): number {
  return (inFlight + 1) / weight;
}
