import type { PoolMember } from './pool-member.ts';
import type { Usable } from './usable.ts';

/** Why a server cannot be chosen, in one sentence; undefined if it can. `now`: milliseconds. */
export function passedOver(member: PoolMember, { members }: Usable, now: number): string | undefined {
  const { order, health, tier, isFull } = member;
  if (order !== undefined) return `An operator has taken it out (${order}).`;
  if (!members.includes(member)) {
    const failure = health.failureAt(now);
    if (failure !== undefined) return `It is down: ${failure.why}`;
    if (tier === Infinity) return 'It is a backup, and another server is up.';
    return members.some((other) => other.tier < tier)
      ? 'A server of a lower priority number is up.'
      : 'It is in another zone than this proxy.';
  }
  return isFull ? 'It has as many sessions as it may have.' : undefined;
}
