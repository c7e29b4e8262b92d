import { sessionWriter } from '@inband/core';
import { HeadView } from '../../message/view/head-view.ts';
import type { HttpContext } from '../../service/context.ts';
import type { Call, Step } from './step.ts';

/** Shows the request to chainers that look at it. */
export function showRequest({ service, filters }: Pick<HttpContext, 'service' | 'filters'>): Step | undefined {
  // The parents that filters choose do, too.
  const isLookedAt = service.looksAtRequests === true || filters !== undefined;
  return isLookedAt ? { name: 'show-request', request: show } : undefined;
}

function show({ request, route, session }: Call): void {
  if (route?.chainer.looksAtRequest === true) sessionWriter.setRequest(session, new HeadView(request, session));
}
