import { Type } from 'typebox';
import type { AddRoutes } from '../base/app-types.ts';
import { askedBy } from '../base/asked-by.ts';
import { Session, SessionQuery, Sessions } from '../schemas/sessions.ts';

const ById = Type.Object({ id: Type.String({ maxLength: 64, description: 'As in the log.' }) });

/** What clients are being served. */
export const sessionRoutes: AddRoutes = (app, state) => {
  app.get(
    '/sessions',
    {
      config: { role: 'read' },
      schema: {
        summary: 'What is going on',
        description: 'Requests and tunnels of all workers, filtered and sorted.',
        tags: ['sessions'],
        querystring: SessionQuery,
        response: { 200: Sessions },
      },
    },
    (request) => state.ask('sessions', request.query),
  );
  app.get(
    '/sessions/:id',
    {
      config: { role: 'read' },
      schema: { summary: 'One session', tags: ['sessions'], params: ById, response: { 200: Session } },
    },
    (request) => state.ask('session', request.params),
  );
  app.delete(
    '/sessions/:id',
    {
      config: { role: 'operate' },
      schema: {
        summary: 'End a session',
        description: 'The client of a request that is not answered yet gets an error; everything else is cut.',
        tags: ['sessions'],
        params: ById,
        response: { 200: Session },
      },
    },
    (request) => state.ask('end-session', { ...request.params, ...askedBy(request) }),
  );
};
