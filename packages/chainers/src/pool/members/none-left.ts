import { ProxyError } from '@inband/core';
import type { PoolMember } from './pool-member.ts';

const setting = 'chainer.servers';

/** What to reject a session with that got no server of these. */
export function noneLeft(members: readonly PoolMember[]): ProxyError {
  if (members.length === 0) {
    const message = 'The pool has no server: what finds them has found none.';
    return new ProxyError('destination_unavailable', message, { setting, retryAfter: 1 });
  }
  if (members.every(({ order }) => order !== undefined)) {
    const message = 'Every server that could take this was taken out of service by the operator.';
    return new ProxyError('destination_unavailable', message, { setting });
  }
  return new ProxyError('destination_unavailable', 'No server of the pool is left for this request.', { setting });
}
