import type { AddRoutes } from '../base/app-types.ts';
import { askedBy } from '../base/asked-by.ts';
import { AdminError } from '../base/problem.ts';
import { ByTokenName, Revoke, RevokedOne, RevokedTokens } from '../schemas/revoked.ts';

const DAY = 86_400_000;
const USUAL = 30 * DAY;
const LONGEST = 366 * DAY;

/** Tokens that are refused before they expire. */
export const revokedRoutes: AddRoutes = (app, state) => {
  app.get(
    '/revoked',
    {
      config: { role: 'read' },
      schema: { summary: 'The tokens that are revoked', tags: ['access'], response: { 200: RevokedTokens } },
    },
    () => state.ask('revoked', undefined),
  );
  app.post(
    '/revoked',
    {
      config: { role: 'operate' },
      schema: {
        summary: 'Refuse a token before it expires',
        description:
          'Bearer tokens and tokens of services, and those of this API, within a second: here, in all workers and, with a store, in all members of the cluster.',
        tags: ['access'],
        body: Revoke,
        response: { 200: RevokedOne },
      },
    },
    (request) => {
      const { name, until } = request.body;
      return state.ask('revoke', { name, until: endOf(until), ...askedBy(request) });
    },
  );
  app.delete(
    '/revoked/:name',
    {
      config: { role: 'operate' },
      schema: {
        summary: 'Take that back',
        tags: ['access'],
        params: ByTokenName,
        response: { 200: RevokedOne },
      },
    },
    (request) => state.ask('restore-token', { ...request.params, ...askedBy(request) }),
  );
};

/** Milliseconds since 1970. */
function endOf(until: string | undefined): number {
  const now = Date.now();
  if (until === undefined) return now + USUAL;
  const end = Date.parse(until);
  if (end > now && end <= now + LONGEST) return end;
  const detail = 'until: expected a time from now on, and at most in 366 days.';
  throw new AdminError({ status: 400, title: 'The request is wrong', detail });
}
