import type { HttpContext } from '../../../service/context.ts';
import type { Step } from '../step.ts';

/** Has a connection end behind the last request that it may have. */
export function lastRequest({ limits }: HttpContext): Step | undefined {
  const most = limits?.requestsPerConnection;
  if (most === undefined) return undefined;
  return {
    name: 'last-request',
    request({ client }) {
      if (client.requests >= most) client.closeBehind();
    },
  };
}
