import type { FastifyError } from 'fastify';
import type { AdminApp } from '../base/app-types.ts';
import { AdminError, type Problem, PROBLEM_JSON } from '../base/problem.ts';
import type { ProxyState } from '../base/state.ts';

/** Seconds that clients are asked to wait. */
const RETRY_AFTER = 5;

/** Whatever goes wrong is answered with a problem (RFC 9457). A defect is logged, too. */
export function answerErrors(app: AdminApp, state: ProxyState): void {
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const problem = problemOf(error);
    if (problem === undefined) state.log('error', { err: describe(error) }, 'a defect at the admin address');
    const { status, title, ...rest } = problem ?? DEFECT;
    if (status === 401) reply.header('www-authenticate', 'Bearer realm="inband"');
    const wait = error instanceof AdminError ? error.retryAfter : undefined;
    if (wait !== undefined || status === 503) reply.header('retry-after', wait ?? RETRY_AFTER);
    return reply
      .code(status)
      .type(PROBLEM_JSON)
      .serializer(JSON.stringify)
      .send({ status, title, ...rest });
  });
  app.setNotFoundHandler((request) => {
    throw new AdminError({
      status: 404,
      title: 'There is nothing here',
      detail: `${request.method} ${request.url.slice(0, 200)}; /openapi.json says what there is.`,
    });
  });
}

const DEFECT: Problem = { status: 500, title: 'A defect of the admin API', detail: 'The log has what happened.' };

function problemOf(error: FastifyError): Problem | undefined {
  if (error instanceof AdminError) return error.problem;
  const { statusCode: status } = error;
  if (status === undefined || status < 400 || status >= 500) return undefined;
  return wrongRequest(status, error.message);
}

/** What fastify finds wrong with a request. */
export function wrongRequest(status: number, detail: string): Problem {
  return { status, title: 'The request is wrong', detail };
}

function describe(error: Error): string {
  return error.stack ?? error.message;
}
