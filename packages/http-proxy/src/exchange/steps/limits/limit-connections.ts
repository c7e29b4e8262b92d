import type { HttpContext } from '../../../service/context.ts';
import type { Step } from '../step.ts';

/** Counts the connections of users, who are known by their requests only. Those of clients are counted when they are accepted. */
export function limitConnections({ limits }: HttpContext): Step | undefined {
  const connections = limits?.connections;
  if (connections?.limitsUsers !== true) return undefined;
  return {
    name: 'limit-connections',
    request({ client, session }) {
      if (session.user === undefined) return;
      const error = connections.authenticated(client.client.connection, session.user);
      if (error !== undefined) throw error;
    },
  };
}
