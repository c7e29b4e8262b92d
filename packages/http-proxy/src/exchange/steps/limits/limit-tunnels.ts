import type { HttpContext } from '../../../service/context.ts';
import type { Step } from '../step.ts';

/** Counts tunnels, from their request on: CONNECT, what a SOCKS client asks for, and upgrades. `ServiceLimits` hears of the end of each session. */
export function limitTunnels({ limits }: HttpContext): Step | undefined {
  const tunnels = limits?.tunnels;
  if (tunnels === undefined) return undefined;
  return {
    name: 'limit-tunnels',
    request({ request, session }) {
      if (request.method !== 'CONNECT' && request.upgradeIndex < 0) return;
      tunnels.begin(session.id, { client: session.client.address, user: session.user });
    },
  };
}
