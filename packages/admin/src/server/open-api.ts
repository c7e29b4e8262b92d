import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { AdminApp } from '../base/app-types.ts';
import { PROBLEM_JSON } from '../base/problem.ts';
import { ProblemSchema } from '../schemas/problem.ts';

const BEARER = 'bearer';

/** What the OpenAPI document says beside what the routes say. */
export function openApi(): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Inband admin API',
        description: 'See and operate a running proxy. Errors are problems (RFC 9457) that name the setting to blame.',
        version: '1',
      },
      components: {
        securitySchemes: {
          [BEARER]: { type: 'http', scheme: 'bearer', description: 'A token of admin.tokens, or of admin.oidc.' },
        },
      },
    },
  };
}

/**
 * Completes the description of every route that is added from now on: who may use it, and what a problem looks like. Throws for a
 * route that does not say which role it needs, so that none is open by accident.
 */
export function describeRoutes(app: AdminApp): void {
  const problem = { description: 'A problem', content: { [PROBLEM_JSON]: { schema: ProblemSchema } } };
  app.addHook('onRoute', (route) => {
    const role = route.config?.role;
    if (role === undefined) throw new Error(`${String(route.method)} ${route.url} does not say which role it needs.`);
    const { response = {}, ...schema } = route.schema ?? {};
    route.schema = {
      ...schema,
      description: [schema.description, role === 'none' ? 'For everybody.' : `Role: ${role}.`].join(' '),
      security: role === 'none' ? [] : [{ [BEARER]: [] }],
      response: { ...Object(response), '4xx': problem, '5xx': problem },
    };
  });
}
