import type { AddRoutes } from '../base/app-types.ts';
import { Generations } from '../schemas/generations.ts';
import { Draining, Reloaded } from '../schemas/operations.ts';
import { askedBy } from '../base/asked-by.ts';

/** What an operator does with the whole process. */
export const operationRoutes: AddRoutes = (app, state) => {
  app.post(
    '/reload',
    {
      config: { role: 'operate' },
      schema: {
        summary: 'Read the configuration again',
        description: 'Loses nothing. A configuration with errors is refused with 422, and nothing changes.',
        tags: ['operations'],
        response: { 200: Reloaded },
      },
    },
    (request) => state.ask('reload', askedBy(request)),
  );
  app.post(
    '/drain',
    {
      config: { role: 'operate' },
      schema: {
        summary: 'End the process in an orderly way',
        description: 'As SIGTERM does: what is running may finish within shutdown.grace.',
        tags: ['operations'],
        response: { 202: Draining },
      },
    },
    async (request, reply) => reply.code(202).send(await state.ask('drain', askedBy(request))),
  );
  app.get(
    '/generations',
    {
      config: { role: 'read' },
      schema: { summary: 'The configurations in use', tags: ['operations'], response: { 200: Generations } },
    },
    () => state.ask('generations', undefined),
  );
};
