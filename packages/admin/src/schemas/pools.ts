import { type Static, Type } from 'typebox';

const instant = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

export const PoolServer = Type.Object({
  address: Type.String({ description: 'As the configuration has it.' }),
  state: Type.Enum(['up', 'down', 'draining', 'drained'], {
    description:
      'down: it failed in every worker, or an operator says so. draining: it gets no new sessions, and has some. drained: it has none.',
  }),
  since: instant('When it failed, or was taken out; null while it is up.'),
  why: Type.Union([Type.String(), Type.Null()], { description: 'What it failed with, or who took it out.' }),
  inFlight: Type.Integer({ description: 'Sessions that it has.' }),
  latency: Type.Union(
    [
      Type.Object({ last: Type.Number(), average: Type.Number({ description: 'The newest count most.' }) }),
      Type.Null(),
    ],
    { description: 'Milliseconds for connecting, of sessions that have ended; null before there is one.' },
  ),
  nextCheck: instant('When it is tried again.'),
  byApi: Type.Boolean({ description: 'Whether its state is an order of an operator.' }),
  everywhere: Type.Boolean({ description: 'Whether that is an order for all members of the cluster.' }),
  workers: Type.Record(
    Type.String(),
    Type.Object({
      state: Type.Enum(['up', 'down']),
      inFlight: Type.Integer(),
      why: Type.Union([Type.String(), Type.Null()]),
      told: Type.Boolean({
        description: 'While it is down: whether another worker has found that out, and told this one.',
      }),
    }),
    { description: 'How each worker sees it. They tell each other what they find out.' },
  ),
});
export type PoolServer = Static<typeof PoolServer>;

export const Pool = Type.Object({
  name: Type.String({ description: 'The place of the chainer in the configuration.' }),
  kind: Type.String({ description: 'The type of the chainer.' }),
  queued: Type.Integer({ description: 'Sessions that wait for room at a server, in all workers.' }),
  servers: Type.Array(PoolServer),
});
export type Pool = Static<typeof Pool>;

export const Pools = Type.Object(
  {
    pools: Type.Array(Pool),
    missing: Type.Array(Type.Integer(), { description: 'Workers that did not answer in time.' }),
    everywhere: Type.Optional(
      Type.Object(
        {
          told: Type.Boolean({ description: 'Whether the store has it, so that all members get it.' }),
          detail: Type.String({ description: 'Who gets it, or why nobody else does.' }),
        },
        { description: 'What became of an order for all members.' },
      ),
    ),
  },
  {
    title: 'Pools',
    examples: [
      {
        pools: [
          {
            name: 'services.web.routes[0].chainer',
            kind: 'pool',
            queued: 0,
            servers: [
              {
                address: '10.0.0.1:8080',
                state: 'draining',
                since: '2026-11-28T23:00:00.000Z',
                why: 'drain, by ops',
                inFlight: 2,
                latency: { last: 0.8, average: 1.1 },
                nextCheck: null,
                byApi: true,
                everywhere: false,
                workers: { '0': { state: 'up', inFlight: 2, why: null, told: false } },
              },
            ],
          },
        ],
        missing: [],
      },
    ],
  },
);
/** Servers among which chainers choose. */
export type Pools = Static<typeof Pools>;

export const ServerOrderPath = Type.Object({
  pool: Type.String({ description: 'Its name in /pools.' }),
  address: Type.String({ description: 'As in /pools.' }),
  order: Type.Enum(['drain', 'undrain', 'down', 'up'], {
    description:
      'drain: no new sessions. down: the same, and those that it has are ended. undrain, up: takes that back, and forgets that it had failed.',
  }),
});

export const ServerOrderQuery = Type.Object(
  {
    everywhere: Type.Boolean({
      default: false,
      description: 'Of all members of the cluster, those that start later included. Without it: of this one.',
    }),
  },
  { additionalProperties: false },
);
