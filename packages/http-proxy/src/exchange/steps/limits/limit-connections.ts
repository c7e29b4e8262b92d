import type { HttpContext } from '../../../service/context.ts';
import type { Step } from '../step.ts';

/** Counts the requests of a connection, which ends behind the last, and the connections of users, who are known by their requests only. */
export function limitConnections({ limits }: HttpContext): Step | undefined {
  const most = limits?.requestsPerConnection;
  const ofUsers = limits?.connections?.limitsUsers === true ? limits.connections : undefined;
  if (most === undefined && ofUsers === undefined) return undefined;
  return {
    name: 'limit-connections',
    request({ client, session }) {
      if (most !== undefined && client.requests >= most) client.closeBehind();
      if (ofUsers === undefined || session.user === undefined) return;
      const error = ofUsers.authenticated(client.client.connection, session.user);
      if (error !== undefined) throw error;
    },
  };
}
