import type { PoolServer } from '@inband/core';
import type { PoolMember } from './pool-member.ts';

/** A server as operators see it. `now`: milliseconds on the clock of the pool. */
export function shownServer({ id, order, health }: PoolMember, now: number): PoolServer {
  const failure = health.failureAt(now);
  if (failure === undefined) {
    return { address: id, state: 'up', why: undefined, since: undefined, nextCheck: undefined, order };
  }
  const { why, since } = failure;
  const left = health.ejection.until - now;
  return { address: id, state: 'down', why, since, nextCheck: left > 0 ? Date.now() + left : undefined, order };
}
