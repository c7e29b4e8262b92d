import type { RequestSpec } from './load/request.ts';
import type { Metric } from './figures/metrics.ts';
import { LAST_HOST, type Setup } from './setup.ts';

/** What is put on a proxy. */
export type Load =
  | {
      readonly kind: 'requests';
      readonly request: RequestSpec;
      readonly connections: number;
      /** At a fixed rate, half of what the slowest peer can do, instead of as fast as possible. */
      readonly halfCapacity?: boolean;
    }
  | { readonly kind: 'exchanges'; readonly lanes: number }
  | { readonly kind: 'volume'; readonly bytes: number }
  | { readonly kind: 'idle'; readonly tunnels: number };

/** One thing that is measured for every proxy that can do it. */
export interface Case {
  readonly id: string;
  readonly title: string;
  readonly setup: Setup;
  readonly load: Load;
  /** Peers that take part only here. */
  readonly also?: readonly string[];
  /** Of the others only these take part. */
  readonly only?: readonly string[];
  /** It is run in the first round only, because it takes long. */
  readonly once?: boolean;
  /** The way without a proxy is measured too. */
  readonly direct?: boolean;
}

export interface Workload {
  readonly number: number;
  readonly title: string;
  readonly cases: readonly Case[];
  /** The figure that charts and ratios are about. */
  readonly metric: Metric;
  readonly about: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const CONNECTIONS = 64;
/** The others that can write an access log into a file. */
const LOGGING = ['nginx', 'squid'];
const REQUESTS: Setup = { kind: 'requests' };
const TUNNELS: Setup = { kind: 'tunnels' };

const SMALL_GET: RequestSpec = { method: 'GET', path: '/', fields: [], content: 0, answer: 100 };

/** What a browser sends: 15 fields in 668 bytes, `Host` and a cookie of whatever length makes it so among them. */
export const BROWSER_GET: RequestSpec = {
  method: 'GET',
  path: '/10k',
  fields: [
    ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['Accept-Language', 'en-GB,en;q=0.5'],
    ['Accept-Encoding', 'gzip, deflate'],
    ['Referer', 'http://shop.example/catalogue'],
    ['DNT', '1'],
    ['Sec-GPC', '1'],
    ['Upgrade-Insecure-Requests', '1'],
    ['Priority', 'u=0, i'],
    ['Sec-Fetch-Dest', 'document'],
    ['Sec-Fetch-Mode', 'navigate'],
    ['Sec-Fetch-Site', 'same-origin'],
    ['Sec-Fetch-User', '?1'],
    ['Cookie', 'consent=all; session='],
  ],
  content: 0,
  answer: 10 * KIB,
  headSize: 668,
};

function requests(request: RequestSpec): Load {
  return { kind: 'requests', request, connections: CONNECTIONS };
}

/** All twelve; `quick` makes the large volumes smaller. */
export function allWorkloads(quick: boolean): Workload[] {
  return [...plainWorkloads(), ...tunnelWorkloads(quick), ...otherWorkloads()].toSorted((a, b) => a.number - b.number);
}

function plainWorkloads(): Workload[] {
  const answerOf = (path: string, answer: number): RequestSpec => ({ ...SMALL_GET, path, answer });
  const bodies = (id: string, path: string, size: number, title: string): Case => ({
    id,
    title,
    setup: REQUESTS,
    load: requests(answerOf(path, size)),
    also: ['nginx-unbuffered'],
  });
  return [
    {
      number: 1,
      title: 'Small GET',
      about: '64 connections kept alive, an answer of 100 bytes. All that a proxy costs, and nothing else.',
      metric: 'processor',
      cases: [{ id: '1', title: '100-byte answer', setup: REQUESTS, load: requests(SMALL_GET) }],
    },
    {
      number: 2,
      title: 'Browser GET',
      about: '15 request fields in 668 bytes, 10 response fields, an answer of 10 KiB.',
      metric: 'processor',
      cases: [{ id: '2', title: '10 KiB answer', setup: REQUESTS, load: requests(BROWSER_GET) }],
    },
    {
      number: 3,
      title: 'Large answers',
      about: 'Answers of 64 KiB and of 1 MiB. nginx with proxy_buffering on (its default) and off; the better counts.',
      metric: 'processor',
      cases: [bodies('3a', '/64k', 64 * KIB, '64 KiB answer'), bodies('3b', '/1m', MIB, '1 MiB answer')],
    },
    {
      number: 4,
      title: 'POST',
      about: 'Requests with 16 KiB of content. The origin answers when it has all of it.',
      metric: 'processor',
      cases: [
        {
          id: '4',
          title: '16 KiB of content',
          setup: REQUESTS,
          load: requests({ ...SMALL_GET, method: 'POST', path: '/post', content: 16 * KIB }),
        },
      ],
    },
    {
      number: 5,
      title: 'A connection per request',
      about: 'The small GET, but every request on a new client connection, 64 at a time.',
      metric: 'processor',
      cases: [
        {
          id: '5',
          title: 'new client connection',
          setup: REQUESTS,
          load: requests({ ...SMALL_GET, fields: [['Connection', 'close']] }),
        },
      ],
    },
  ];
}

function tunnelWorkloads(quick: boolean): Workload[] {
  const bytes = (quick ? 256 : 1024) * MIB;
  const tunnels = quick ? 1000 : 5000;
  return [
    {
      number: 6,
      title: 'CONNECT, one exchange, close',
      about: 'A tunnel, 100 bytes there and back, and both sides close; 16 at a time.',
      metric: 'processor',
      cases: [{ id: '6', title: 'short tunnel', setup: TUNNELS, load: { kind: 'exchanges', lanes: 16 } }],
    },
    {
      number: 7,
      title: 'CONNECT, bulk',
      about: `${bytes / MIB} MiB through one tunnel, from the server to the client, and again through the next as long as the round lasts.`,
      metric: 'perGibibyte',
      cases: [
        {
          id: '7',
          title: `${bytes / MIB} MiB`,
          setup: TUNNELS,
          load: { kind: 'volume', bytes },
          also: ['haproxy-without-splice'],
        },
      ],
    },
    {
      number: 8,
      title: 'Idle tunnels',
      about: `How much the memory of a fresh proxy (PSS) has grown when ${tunnels} tunnels are open and silent, for each. The kernel's own memory for sockets is the same for all and not in it. At the end an exchange in every tunnel proves that it was open.`,
      metric: 'perTunnel',
      cases: [{ id: '8', title: `${tunnels} tunnels`, setup: TUNNELS, load: { kind: 'idle', tunnels }, once: quick }],
    },
  ];
}

function otherWorkloads(): Workload[] {
  const withRoutes = (count: number): Case => ({
    id: `11-${count}`,
    title: String(count),
    setup: { kind: 'routes', count },
    load: requests({ ...SMALL_GET, host: LAST_HOST }),
    only: [],
  });
  return [
    {
      number: 9,
      title: 'Failover over four servers',
      about: 'In front of four equal servers, in turn, each ready to take over from another. All four are up.',
      metric: 'processor',
      cases: [
        { id: '9', title: 'four servers', setup: { kind: 'failover' }, load: requests(SMALL_GET) },
        {
          id: '9-pool',
          title: 'four servers, chainer `pool`',
          setup: { kind: 'failover', chainer: 'pool' },
          load: requests(SMALL_GET),
          only: [],
        },
      ],
    },
    {
      number: 10,
      title: 'Added latency',
      about:
        'The small GET at a fixed rate, half of what the slowest peer can do: what the proxy adds to going straight to the origin at that rate in the same round.',
      metric: 'addedP99',
      cases: [
        {
          id: '10',
          title: 'fixed rate',
          setup: REQUESTS,
          load: { kind: 'requests', request: SMALL_GET, connections: CONNECTIONS, halfCapacity: true },
          direct: true,
        },
      ],
    },
    {
      number: 11,
      title: 'Routes and rules',
      about:
        'As many routes (hosts, suffixes, paths) and as many access rules (clients, servers, hosts) as the case says; the last of each matches. The cost of a request must not grow with them.',
      metric: 'processor',
      cases: [1, 10, 100, 1000].map(withRoutes),
    },
    {
      number: 12,
      title: 'Access log',
      about: 'The small GET with the access log off and on, into a file.',
      metric: 'processor',
      cases: [
        { id: '12-off', title: 'log off', setup: REQUESTS, load: requests(SMALL_GET), only: LOGGING },
        {
          id: '12-on',
          title: 'log on',
          setup: { kind: 'requests', accessLog: true },
          load: requests(SMALL_GET),
          only: LOGGING,
        },
      ],
    },
  ];
}
