import fastifySwagger from '@fastify/swagger';
import { fastify, type FastifyServerOptions } from 'fastify';
import type { AdminApp } from '../base/app-types.ts';
import type { Access } from '../access/access.ts';
import { describeRoutes, openApi } from './open-api.ts';
import { AdminError, PROBLEM_JSON } from '../base/problem.ts';
import { answerUnreadable } from './client-errors.ts';
import { answerErrors, wrongRequest } from './error-answers.ts';
import { everyRoute } from '../routes/every-route.ts';
import type { ProxyState } from '../base/state.ts';

/** Bytes of the largest body: a change of a configuration. */
const MOST_BODY = 2 ** 20;
/** Objects and lists of a body within each other, as in files of a configuration. */
const MOST_NESTING = 100;
/** Characters of a name in a path. Fastify's 100 are fewer than the name of a pool or of a token may have. */
const MOST_NAME = 2_048;

export interface AppDeps {
  readonly state: ProxyState;
  readonly access: Pick<Access, 'admit' | 'onChange'>;
  readonly serverFactory?: FastifyServerOptions['serverFactory'];
}

/** Makes the admin API, without listening. */
export async function createApp({ state, access, serverFactory }: AppDeps): Promise<AdminApp> {
  const app: AdminApp = fastify({
    bodyLimit: MOST_BODY,
    routerOptions: { maxParamLength: MOST_NAME },
    // Event streams would keep it open.
    forceCloseConnections: true,
    // What is wrong before there is a route, such as `GET /%`.
    frameworkErrors: (error, _request, reply) => {
      const problem = wrongRequest(error.statusCode ?? 400, error.message);
      reply.hijack();
      reply.raw.writeHead(problem.status, { 'content-type': PROBLEM_JSON }).end(JSON.stringify(problem));
    },
    clientErrorHandler: answerUnreadable,
    ajv: { customOptions: { removeAdditional: false } },
    ...(serverFactory !== undefined && { serverFactory }),
  });
  // Only JSON is understood, which no form of another site can send.
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('identity', undefined);
  app.decorate('onAccessChange', (listener: () => void) => access.onChange(listener));
  answerErrors(app, state);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    const { host, origin, authorization } = request.headers;
    const asking = { host, origin, authorization, address: addressOf(request.ip) };
    request.identity = await access.admit(asking, request.routeOptions.config.role ?? 'none');
  });
  app.addHook('preValidation', async ({ body }) => {
    if (isWithinNesting(body, MOST_NESTING)) return;
    throw new AdminError(wrongRequest(400, `Objects and lists are nested more than ${MOST_NESTING} deep.`));
  });
  describeRoutes(app);
  await app.register(fastifySwagger, openApi());
  for (const addRoutes of everyRoute) addRoutes(app, state);
  await app.ready();
  return app;
}

/** Looks no deeper than `most`. */
function isWithinNesting(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return most > 0 && Object.values(value).every((inner) => isWithinNesting(inner, most - 1));
}

/** Clients of a unix socket have none. */
function addressOf(ip: string | undefined): string {
  return ip === undefined || ip === '' ? 'unix' : ip;
}
