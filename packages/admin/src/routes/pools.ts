import type { AddRoutes } from '../base/app-types.ts';
import { askedBy } from '../base/asked-by.ts';
import { Pools, ServerOrderPath } from '../schemas/pools.ts';

/** The servers among which chainers choose. */
export const poolRoutes: AddRoutes = (app, state) => {
  app.get(
    '/pools',
    {
      config: { role: 'read' },
      schema: { summary: 'Servers, and how they are', tags: ['pools'], response: { 200: Pools } },
    },
    () => state.ask('pools', undefined),
  );
  app.post(
    '/pools/:pool/servers/:address/:order',
    {
      config: { role: 'operate' },
      schema: {
        summary: 'Take a server out, or back in',
        description:
          'In all workers, those that are started later included. An order outlives reloads, and ends with the program.',
        tags: ['pools'],
        params: ServerOrderPath,
        response: { 200: Pools },
      },
    },
    (request) => {
      const { pool, address, order } = request.params;
      const wanted = order === 'undrain' ? 'up' : order;
      return state.ask('order-server', { pool, address, order: wanted, ...askedBy(request) });
    },
  );
};
