import type { PoolServer } from '@inband/core';
import type { PoolMember } from './pool-member.ts';

/** A server as operators see it. `now`: milliseconds on the clock of the pool. */
export function shownServer({ id, order, failure, ejection }: PoolMember, now: number): PoolServer {
  if (failure === undefined || !ejection.isOut(now)) {
    return { address: id, state: 'up', why: undefined, since: undefined, nextCheck: undefined, order };
  }
  const { why, since } = failure;
  return { address: id, state: 'down', why, since, nextCheck: Date.now() + ejection.until - now, order };
}
