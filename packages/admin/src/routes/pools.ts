import type { AddRoutes } from '../base/app-types.ts';
import { askedBy } from '../base/asked-by.ts';
import { Pools, ServerOrderPath, ServerOrderQuery } from '../schemas/pools.ts';

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
          'In all workers, those that are started later included. An order outlives reloads, and ends with the program. One for everywhere outlives that, too.',
        tags: ['pools'],
        params: ServerOrderPath,
        querystring: ServerOrderQuery,
        response: { 200: Pools },
      },
    },
    (request) => {
      const { pool, address, order } = request.params;
      const { everywhere } = request.query;
      const wanted = order === 'undrain' ? 'up' : order;
      return state.ask('order-server', { pool, address, order: wanted, everywhere, ...askedBy(request) });
    },
  );
};
