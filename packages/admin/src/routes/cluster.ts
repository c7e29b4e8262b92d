import type { AddRoutes } from '../base/app-types.ts';
import { Cluster } from '../schemas/cluster/members.ts';
import { ClusterSessions } from '../schemas/cluster/sessions.ts';
import { SessionQuery } from '../schemas/sessions.ts';

/** The members that share a store. */
export const clusterRoutes: AddRoutes = (app, state) => {
  app.get(
    '/cluster',
    {
      config: { role: 'read' },
      schema: {
        summary: 'Members, and what is stale',
        description: 'While the store is away it is what this member knows, and says so.',
        tags: ['cluster'],
        response: { 200: Cluster },
      },
    },
    () => state.ask('cluster', undefined),
  );
  app.get(
    '/cluster/sessions',
    {
      config: { role: 'read' },
      schema: {
        summary: 'What is going on, on all members',
        description:
          'Members tell their longest sessions while somebody looks: at once when the first one does, then every ten seconds.',
        tags: ['cluster'],
        querystring: SessionQuery,
        response: { 200: ClusterSessions },
      },
    },
    (request) => state.ask('cluster-sessions', request.query),
  );
};
