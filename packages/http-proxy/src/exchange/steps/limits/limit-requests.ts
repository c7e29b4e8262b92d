import type { HttpContext } from '../../../service/context.ts';
import type { Step } from '../step.ts';
import { Pauses } from './pauses.ts';

/** Counts requests. Those beyond the limits of the service, of the client and of the user are refused, or wait for their turn. */
export function limitRequests({ limits }: HttpContext): Step | undefined {
  if (limits === undefined || !limits.limitsRequests) return undefined;
  const pauses = new Pauses(limits);
  return {
    name: 'limit-requests',
    request({ session }) {
      const wait = limits.request({ client: session.client.address, user: session.user });
      return wait === 0 ? undefined : pauses.wait(wait);
    },
    close: () => pauses.close(),
  };
}
