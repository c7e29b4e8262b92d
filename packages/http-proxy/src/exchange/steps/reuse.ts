import { sessionWriter } from '@inband/core';
import { mayBeSentTwice, SURELY_ALIVE } from '../../server/retry.ts';
import type { Call, Step } from './step.ts';

/** Says which idle connections may be used. A request that cannot be sent twice needs one that its server has surely not closed. */
export function reuse(): Step {
  return { name: 'reuse', request: limitReuse };
}

function limitReuse({ client, request, session, route }: Call): void {
  if (request.method === 'CONNECT') {
    if (route?.chainer.relaysConnect !== true) session.requireFreshServer();
  } else if (!mayBeSentTwice(request)) {
    if (client.isFirst) session.requireFreshServer();
    else sessionWriter.limitIdleTime(session, SURELY_ALIVE);
  }
}
