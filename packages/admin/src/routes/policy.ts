import type { AddRoutes } from '../base/app-types.ts';
import { ExplainedRequest, ExplainRequest } from '../schemas/explain.ts';
import { Denials, Errors } from '../schemas/recent.ts';
import { ConfiguredRoutes } from '../schemas/routes.ts';

/** What clients get, and why they did not. */
export const policyRoutes: AddRoutes = (app, state) => {
  app.get(
    '/routes',
    {
      config: { role: 'read' },
      schema: { summary: 'Services and their routes', tags: ['policy'], response: { 200: ConfiguredRoutes } },
    },
    () => state.ask('routes', undefined),
  );
  app.post(
    '/explain',
    {
      config: { role: 'read' },
      schema: {
        summary: 'What would become of a request',
        description:
          'As `inband explain` says it, of the running configuration. Nothing is connected; names are resolved.',
        tags: ['policy'],
        body: ExplainRequest,
        response: { 200: ExplainedRequest },
      },
    },
    (request) => state.ask('explain', request.body),
  );
  app.get(
    '/denials',
    {
      config: { role: 'read' },
      schema: {
        summary: 'What was denied lately, and what would allow it',
        tags: ['policy'],
        response: { 200: Denials },
      },
    },
    () => state.ask('denials', undefined),
  );
  app.get(
    '/errors',
    {
      config: { role: 'read' },
      schema: { summary: 'What failed lately, and what to do', tags: ['policy'], response: { 200: Errors } },
    },
    () => state.ask('errors', undefined),
  );
};
