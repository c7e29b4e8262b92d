import type { AddRoutes } from '../base/app-types.ts';
import { Health, Live } from '../schemas/health.ts';

/** For whoever has to know whether the process works, and whether it is to get clients. */
export const healthRoutes: AddRoutes = (app, state) => {
  app.get(
    '/health/live',
    {
      config: { role: 'none' },
      schema: { summary: 'Whether the process works', tags: ['health'], response: { 200: Live } },
    },
    async () => {
      // It answers as long as its event loop runs.
      await state.ask('health', undefined);
      return { status: 'live' } as const;
    },
  );
  app.get(
    '/health/ready',
    {
      config: { role: 'none' },
      schema: {
        summary: 'Whether clients should be sent here',
        tags: ['health'],
        response: { 200: Health, 503: Health },
      },
    },
    async (_request, reply) => {
      const health = await state.ask('health', undefined);
      return reply.code(health.status === 'ready' ? 200 : 503).send(health);
    },
  );
};
