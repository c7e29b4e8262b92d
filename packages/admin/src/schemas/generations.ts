import { type Static, Type } from 'typebox';

export const Generation = Type.Object({
  number: Type.Integer({ description: 'In this worker, from 1. A worker that was started anew begins with 1.' }),
  state: Type.Enum(['current', 'retired']),
  since: Type.String({ description: 'When it became the current one.' }),
  connections: Type.Integer({ description: 'Client connections that it serves.' }),
  endsBy: Type.Optional(Type.String({ description: 'When its sessions are closed at the latest.' })),
});
/** A configuration in use in one process. */
export type Generation = Static<typeof Generation>;

export const Generations = Type.Object(
  {
    workers: Type.Array(
      Type.Object({
        worker: Type.Integer({ description: 'The number of the process; 0 where there is one.' }),
        generations: Type.Array(Generation),
      }),
    ),
    missing: Type.Array(Type.Integer(), { description: 'Workers that did not answer in time.' }),
  },
  {
    title: 'Generations',
    examples: [
      {
        workers: [
          {
            worker: 0,
            generations: [
              {
                number: 1,
                state: 'retired',
                since: '2026-11-28T22:00:00.000Z',
                connections: 3,
                endsBy: '2026-11-29T23:00:00.000Z',
              },
              { number: 2, state: 'current', since: '2026-11-28T23:00:00.000Z', connections: 120 },
            ],
          },
        ],
        missing: [],
      },
    ],
  },
);
/** The configurations in use, of every process. */
export type Generations = Static<typeof Generations>;
