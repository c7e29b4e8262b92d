import type { PoolMember } from './pool-member.ts';

/** With fewer than this part up, all servers are used: most of them cannot be as bad as what is known says. */
const PANIC = 0.3;
/** The own zone is enough while this part of its weight is up. */
const ENOUGH = 0.7;

/** The servers that get sessions. */
export interface Usable {
  readonly members: readonly PoolMember[];
  /** Whether they are used although most of them are down. */
  readonly isPanic: boolean;
}

/**
 * Chooses, of those that no operator has taken out, the servers that get sessions: those that are up in the first tier with one that is. If
 * fewer than 30 % of that tier are up, all of it; if no server is up, all of them. Of those that are up only those of the own zone, while 70 %
 * of its weight is. `now`: milliseconds.
 */
export function usableOf(all: readonly PoolMember[], now: number, ownZone: string | undefined): Usable {
  const inService = all.filter(({ order }) => order === undefined);
  const up = inService.filter((member) => member.isUsable(now));
  if (up.length === 0) return { members: inService, isPanic: inService.length > 0 };
  const first = up.reduce((lowest, { tier }) => Math.min(lowest, tier), Infinity);
  const tier = inService.filter((member) => member.tier === first);
  const well = up.filter((member) => member.tier === first);
  if (well.length < tier.length * PANIC) return { members: tier, isPanic: true };
  const near = ownZone === undefined ? undefined : enoughIn(ownZone, tier, well);
  return { members: near ?? well, isPanic: false };
}

/** The members of a zone that are up; undefined if they are too few. */
function enoughIn(
  zone: string,
  tier: readonly PoolMember[],
  well: readonly PoolMember[],
): readonly PoolMember[] | undefined {
  const near = well.filter(({ server }) => server.zone === zone);
  const all = tier.filter(({ server }) => server.zone === zone);
  return near.length > 0 && weightOf(near) >= ENOUGH * weightOf(all) ? near : undefined;
}

function weightOf(members: readonly PoolMember[]): number {
  return members.reduce((sum, { fullWeight }) => sum + fullWeight, 0);
}
