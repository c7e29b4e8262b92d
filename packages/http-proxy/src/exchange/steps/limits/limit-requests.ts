import type { HttpContext } from '../../../service/context.ts';
import type { Call, Step } from '../step.ts';

/** Counts requests, and refuses those beyond the limits of the service, of the client and of the user. */
export function limitRequests({ limits }: HttpContext): Step | undefined {
  if (limits === undefined || !limits.limitsRequests) return undefined;
  return {
    name: 'limit-requests',
    request({ session }: Call) {
      limits.request({ client: session.client.address, user: session.user });
    },
  };
}
