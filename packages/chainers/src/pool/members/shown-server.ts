import type { PoolServer } from '@inband/core';
import type { PoolMember } from './pool-member.ts';

/** A server as operators see it. `now`: milliseconds on the clock of the pool. `wait`: until it is looked at; undefined if it is not. */
export function shownServer({ id, order, health }: PoolMember, now: number, wait: number | undefined): PoolServer {
  const failure = health.failureAt(now);
  if (failure === undefined) {
    return { address: id, state: 'up', why: undefined, since: undefined, nextCheck: undefined, order };
  }
  const { why, since, isHeard } = failure;
  const left = health.stateAt(now) === 'ejected' ? health.ejection.until - now : Infinity;
  const soonest = Math.min(left, wait ?? Infinity);
  return {
    address: id,
    state: 'down',
    why,
    since,
    nextCheck: Number.isFinite(soonest) ? Date.now() + soonest : undefined,
    order,
    isHeard,
  };
}
