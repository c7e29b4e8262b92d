import type { AddRoutes } from '../base/app-types.ts';
import { Me } from '../schemas/me.ts';

/** For programs that show only what their user may do. */
export const meRoutes: AddRoutes = (app) => {
  app.get(
    '/me',
    {
      config: { role: 'read' },
      schema: { summary: 'Who asks, and the role', tags: ['document'], response: { 200: Me } },
    },
    ({ identity }) => ({ name: identity?.name ?? 'anonymous', role: identity?.role ?? ('read' as const) }),
  );
};
