import { Type } from 'typebox';
import type { AddRoutes } from '../base/app-types.ts';
import { Stats } from '../schemas/stats.ts';

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
const text = { schema: Type.String({ examples: ['# TYPE inband_requests_total counter\n'] }) };

/** What the proxy counts. It is read from memory, and asks nobody. */
export const metricsRoutes: AddRoutes = (app, state) => {
  app.get(
    '/metrics',
    {
      config: { role: 'read' },
      schema: {
        summary: 'What is counted, for Prometheus',
        description:
          'In the format of Prometheus, or as OpenMetrics if Accept prefers that. docs/metrics.md lists them.',
        tags: ['metrics'],
        response: {
          200: {
            description: 'Metrics',
            content: { [PROMETHEUS]: text, 'application/openmetrics-text; version=1.0.0; charset=utf-8': text },
          },
        },
      },
    },
    async (request, reply) => {
      const { contentType, body } = state.metrics(request.headers.accept);
      // It is a text already.
      reply.type(contentType).serializer(String);
      return body;
    },
  );
  app.get(
    '/stats',
    {
      config: { role: 'read' },
      schema: { summary: 'How the proxy is doing', tags: ['metrics'], response: { 200: Stats } },
    },
    () => state.stats(),
  );
};
