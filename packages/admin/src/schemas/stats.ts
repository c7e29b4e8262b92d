import { type Static, Type } from 'typebox';

const number = (description: string) => Type.Number({ description });
const perhaps = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });
const counts = (description: string) =>
  Type.Array(
    Type.Object({
      key: Type.String(),
      requests: number('At most so many: of what is rare, others may be counted with it.'),
      bytes: number('Of content and of tunnels, both ways.'),
    }),
    { description },
  );

/** As the OpenAPI document shows it. */
export const EXAMPLE = {
  at: 1_795_910_400_000,
  uptime: 3_600,
  version: '0.1.0',
  workers: [{ worker: '0', pid: 4_711, state: 'up' as const, memory: 73_400_320, loopDelay: 0.4 }],
  totals: {
    requests: 120_000,
    tunnels: 300,
    bytesIn: 1_000_000,
    bytesOut: 900_000_000,
    errors: 12,
    denials: 40,
    refusals: 0,
    connections: 900,
    reused: 119_000,
    lookups: 80,
    cacheHits: 120_000,
    lookupFailures: 2,
    droppedLines: 0,
    restarts: 0,
  },
  rates: { requests: 33.2, bytesIn: 400, bytesOut: 250_000, errors: 0, denials: 0.2 },
  latency: { p50: 1.2, p90: 4.5, p99: 23.7 },
  top: {
    clients: [{ key: '192.0.2.7', requests: 812, bytes: 4_000_000 }],
    targets: [{ key: 'shop.example', requests: 500, bytes: 3_000_000 }],
  },
  history: [{ at: 1_795_910_399_000, requests: 31, bytes: 240_000, errors: 0, denials: 0, p99: 12.5 }],
};

export const Stats = Type.Object(
  {
    at: number('Milliseconds since 1970.'),
    uptime: number('Seconds since the first of its processes started.'),
    version: Type.String(),
    workers: Type.Array(
      Type.Object({
        worker: Type.String({
          description: 'Its number, 0 where there is one process; supervisor for the one that starts them.',
        }),
        pid: number('Process id.'),
        state: Type.Enum(['up', 'silent'], { description: 'silent: it has told nothing of itself for ten seconds.' }),
        memory: number('Resident bytes.'),
        loopDelay: number('Milliseconds by which one timer in a hundred was later in the last second.'),
      }),
    ),
    totals: Type.Object(
      {
        requests: number('Requests that have ended.'),
        tunnels: number('Tunnels that have ended.'),
        bytesIn: number('Bytes of content and of tunnels, from clients.'),
        bytesOut: number('The same, to clients.'),
        errors: number('Sessions that ended with an error and were not denied.'),
        denials: number('Sessions that were refused: by a rule, a limit, or because the request is invalid.'),
        refusals: number('Clients and requests that a limit refused.'),
        connections: number('Connections to servers that were made.'),
        reused: number('Sessions that an idle connection to a server served.'),
        lookups: number('Look-ups of names.'),
        cacheHits: number('Names that the cache of the resolver answered.'),
        lookupFailures: number('Look-ups that failed.'),
        droppedLines: number('Lines of the log that nobody took.'),
        restarts: number('Workers that were started again.'),
      },
      { description: 'Since the start, over all workers and their restarts.' },
    ),
    rates: Type.Object(
      {
        requests: number('Requests and tunnels.'),
        bytesIn: number('Bytes from clients.'),
        bytesOut: number('Bytes to clients.'),
        errors: number('Sessions that ended with an error.'),
        denials: number('Sessions that were refused.'),
      },
      { description: 'For each second, over the last five.' },
    ),
    latency: Type.Object(
      { p50: perhaps('The median.'), p90: perhaps('Of nine in ten.'), p99: perhaps('Of 99 in a hundred.') },
      { description: 'Milliseconds that requests of the last minute took.' },
    ),
    top: Type.Object(
      { clients: counts('Addresses of clients.'), targets: counts('Hosts that were asked for.') },
      { description: 'Those with the most requests of the last five to ten minutes.' },
    ),
    history: Type.Array(
      Type.Object({
        at: number('Milliseconds since 1970.'),
        requests: number('For each second, as all the others.'),
        bytes: number('Both ways.'),
        errors: number('Sessions that ended with an error.'),
        denials: number('Sessions that were refused.'),
        p99: perhaps('Milliseconds; null when no request ended.'),
      }),
      { description: 'The last two minutes, a point a second.' },
    ),
  },
  {
    title: 'Stats',
    examples: [EXAMPLE],
  },
);
/** How a proxy is doing. */
export type Stats = Static<typeof Stats>;
