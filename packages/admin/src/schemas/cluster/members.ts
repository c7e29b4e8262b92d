import { type Static, Type } from 'typebox';

const instant = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const perhaps = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });
const text = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

export const Stale = Type.Object(
  {
    what: Type.String({ description: 'configuration, limits, logins, tickets or certificates.' }),
    since: Type.String(),
    why: Type.String(),
  },
  { description: 'Something that is used as it was last known, or as this machine alone knows it.' },
);
/** Something that is not as the others have it. */
export type Stale = Static<typeof Stale>;

export const ClusterMember = Type.Object({
  name: Type.String({ description: 'cluster.member of its configuration.' }),
  isThis: Type.Boolean({ description: 'Whether it is the one that answers.' }),
  state: Type.Enum(['here', 'leaving', 'unknown', 'gone'], {
    description:
      'here: it beats. leaving: it ends. unknown: the store is away, and this is what was last known. gone: it has stopped beating in the last hour.',
  }),
  version: text('Of the program.'),
  started: instant('When its program started.'),
  workers: perhaps('Processes that serve clients.'),
  configuration: Type.Object(
    {
      running: text('The version that it runs; null where nothing was pushed.'),
      wanted: text('The version that it is to run.'),
      error: text('Why it does not run that.'),
    },
    { description: 'As by "inband push".' },
  ),
  connections: perhaps('Client connections that are open.'),
  requests: perhaps('Requests and tunnels for each second, since the beat before.'),
  clock: perhaps('Milliseconds by which its clock is ahead of that of the store.'),
  lastBeat: instant('When it last said that it lives, by the clock of the one that answers.'),
  lag: perhaps('Seconds since then.'),
  stale: Type.Array(Stale),
});
/** One of the instances that share a store. */
export type ClusterMember = Static<typeof ClusterMember>;

export const MemberOrder = Type.Object({
  pool: Type.String(),
  address: Type.String(),
  order: Type.Enum(['drain', 'down']),
  by: Type.String({ description: 'Who has ordered it.' }),
  member: Type.String({ description: 'Where.' }),
  at: Type.String(),
});
/** What an operator has ordered of a server, for all members. */
export type MemberOrder = Static<typeof MemberOrder>;

export const Cluster = Type.Object(
  {
    name: Type.String({ description: 'cluster.name of the configuration.' }),
    member: Type.String({ description: 'The one that answers.' }),
    status: Type.Enum(['well', 'stale', 'away'], {
      description: 'away: the store is, so that only this member is known. stale: see reasons.',
    }),
    reasons: Type.Array(Type.String(), { description: 'Why it is not well, one sentence each.' }),
    store: Type.Object({
      type: Type.String({ description: 'memory: nothing is shared with another machine.' }),
      address: Type.String({ description: 'Without a password.' }),
      status: Type.Enum(['here', 'away', 'asking', 'closed'], {
        description:
          'away: it is not asked, because the last calls have failed. asking: one call tries whether it is back.',
      }),
      since: instant('When that became so.'),
      why: text('What the last call failed with, while it is away.'),
      calls: Type.Number({ description: 'Since the start.' }),
      failures: Type.Number({ description: 'Of those.' }),
      latency: perhaps('Milliseconds that a call takes; the newest count most.'),
    }),
    asOf: instant('When the members were last read from the store.'),
    members: Type.Array(ClusterMember),
    unread: Type.Integer({
      description:
        'Members beside these that lived when the store was last there. Their names are not known, because nobody has asked for them before it went away.',
    }),
    canary: Type.Union(
      [
        Type.Object({
          version: Type.String(),
          members: Type.Array(Type.String(), { description: 'Those that run it.' }),
          since: Type.String(),
          by: Type.String(),
        }),
        Type.Null(),
      ],
      { description: 'A version that a part of the members tries.' },
    ),
    revoked: Type.Integer({ description: 'Tokens that are revoked: see /revoked.' }),
    orders: Type.Array(MemberOrder, { description: 'Servers that are taken out everywhere.' }),
  },
  {
    title: 'Cluster',
    examples: [
      {
        name: 'edge',
        member: 'edge-1',
        status: 'stale' as const,
        reasons: ['edge-2 runs configuration 6, and 7 is wanted: services.web: it has no routes.'],
        store: {
          type: 'redis',
          address: 'rediss://limits.internal:6379',
          status: 'here' as const,
          since: '2026-11-29T11:00:00.000Z',
          why: null,
          calls: 120_000,
          failures: 0,
          latency: 0.4,
        },
        asOf: '2026-11-29T12:00:00.000Z',
        members: [
          {
            name: 'edge-2',
            isThis: false,
            state: 'here' as const,
            version: '0.1.0',
            started: '2026-11-29T11:00:00.000Z',
            workers: 4,
            configuration: { running: '6', wanted: '7', error: 'services.web: it has no routes.' },
            connections: 812,
            requests: 1_240.5,
            clock: 3,
            lastBeat: '2026-11-29T11:59:56.000Z',
            lag: 4,
            stale: [],
          },
        ],
        unread: 0,
        canary: null,
        revoked: 2,
        orders: [
          {
            pool: 'services.web.routes[0].chainer',
            address: '10.0.0.1:8080',
            order: 'drain' as const,
            by: 'ops',
            member: 'edge-1',
            at: '2026-11-29T11:30:00.000Z',
          },
        ],
      },
    ],
  },
);
/** The members of a cluster, and what they share. */
export type Cluster = Static<typeof Cluster>;
