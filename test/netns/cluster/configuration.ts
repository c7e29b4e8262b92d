import type { ConfigInput } from 'inband';
import { fileURLToPath } from 'node:url';
import type { Target } from './load-protocol.ts';
import { CLIENTS, MEMBERS } from './machines/network.ts';

type ServiceInput = ConfigInput['services'][string];

/** Where the members listen for what. */
export const PORTS = { free: 8080, limited: 8081, open: 8082, hard: 8083, soft: 8084, version: 8090 } as const;

/** Where they listen with TLS, for the service `version`. */
export const TLS_PORT = 8443;

/** Where the admin server of a member listens, in its folder. */
export const ADMIN_SOCKET = 'admin.sock';

/** What all members have together, of the services `limited` and `open`. */
export const LIMIT = { perSecond: 100, burst: 20 } as const;
export const SMALL_LIMIT = { perSecond: 20, burst: 20 } as const;

/** By `store.away`, of each member. */
const AWAY = ['local', 'open', 'closed'] as const;

const BUSY = '250ms';

const FIXTURES = new URL('../../fixtures/tls/', import.meta.url);
const CERTIFICATE = {
  cert: fileURLToPath(new URL('localhost.crt', FIXTURES)),
  key: fileURLToPath(new URL('localhost.key', FIXTURES)),
};

interface OwnOptions {
  readonly url: string;
  readonly workers: number;
  /** The folder of the member. */
  readonly folder: string;
  /** The file with `cluster.secret`. */
  readonly secret: string;
  /** Default: one for a machine that is busy with other tests. */
  readonly deadline?: `${number}ms`;
}

/** What members have alike, and what is pushed. `version`: what the service of that name says. */
export function sharedConfiguration(version: string): Pick<ConfigInput, 'listeners' | 'services'> {
  const service = (limits: ServiceInput['limits'] = {}): ServiceInput => ({
    mode: 'reverse',
    limits,
    routes: [{ chainer: { type: 'directed', remote: `${CLIENTS}:80` } }],
  });
  const rate = ({ perSecond, burst }: typeof LIMIT | typeof SMALL_LIMIT) => ({
    requests: { rate: `${perSecond}/s` as const, burst },
  });
  return {
    listeners: [
      ...Object.entries(PORTS).map(([name, port]) => ({ bind: `0.0.0.0:${port}` as const, service: name })),
      { bind: `0.0.0.0:${TLS_PORT}`, service: 'version', tls: { certificates: [CERTIFICATE] } },
    ],
    services: {
      free: service(),
      limited: service(rate(LIMIT)),
      open: service(rate(SMALL_LIMIT)),
      hard: service({ quota: '50GiB/day' }),
      soft: service({ quota: { bytes: '50GiB/day', soft: true } }),
      version: { mode: 'reverse', routes: [{ respond: { status: 200, body: version } }] },
    },
  };
}

/** The configuration of one member, counted from 0, before anything is pushed. */
export function configurationOf(
  index: number,
  { url, workers, folder, secret, deadline = BUSY }: OwnOptions,
): ConfigInput {
  return {
    ...sharedConfiguration('own'),
    workers,
    admin: { bind: `unix:${folder}/${ADMIN_SOCKET}` },
    store: {
      type: url.startsWith('nats') ? 'nats' : 'redis',
      url,
      key: 'inband',
      deadline,
      away: AWAY[index] ?? 'local',
    },
    cluster: { name: 'lab', member: `edge${index + 1}`, secret: { file: secret }, state: `${folder}/state` },
  };
}

/** Bytes of an answer that counts for a quota. What is taken of it in advance while there is a store is spent in less than a second. */
const COUNTED = 50_000;

/** What clients ask: of every member what nothing limits, and of some more than they may have. */
export const LOAD: readonly Target[] = [
  ...MEMBERS.map((address, index) => ({
    name: `free at edge${index + 1}`,
    to: `${address}:${PORTS.free}`,
    perSecond: 20,
  })),
  ...[90, 20, 10].map((perSecond, index) => ({
    name: `limited at edge${index + 1}`,
    to: `${MEMBERS[index]}:${PORTS.limited}`,
    perSecond,
    expected: [200, 503],
  })),
  ...(['hard', 'soft'] as const).map((name) => ({
    name: `${name} at edge1`,
    to: `${MEMBERS[0]}:${PORTS[name]}`,
    path: `/bytes/${COUNTED}`,
    perSecond: 15,
    expected: name === 'hard' ? [200, 429] : [200],
  })),
  { name: 'open at edge2', to: `${MEMBERS[1]}:${PORTS.open}`, perSecond: 40, expected: [200, 503] },
];
