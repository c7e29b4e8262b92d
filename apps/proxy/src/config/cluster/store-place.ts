import type { HostPort, RedisPlace } from '@inband/store';

/** What of `store` says where it is, as it is written. */
export interface WrittenPlace {
  readonly type: 'memory' | 'redis' | 'nats';
  readonly url?: string | undefined;
  readonly servers?: readonly string[] | undefined;
  readonly master?: string | undefined;
}

/** Where a store is, and what its URL says beside that. */
export interface StorePlace {
  readonly at: RedisPlace;
  /** The servers of NATS. */
  readonly addresses: readonly HostPort[];
  readonly isSecure: boolean;
  readonly user?: string;
  readonly password?: string;
  /** In a URL of NATS, a name without a password. */
  readonly token?: string;
  readonly database?: number;
}

/** The key that is wrong, and what is wrong with it. */
export type PlaceProblem = readonly [key: 'url' | 'servers' | 'master', message: string];

/** The schemes of each type, and whether each means TLS. */
const SCHEMES: Readonly<Record<'redis' | 'nats', Readonly<Record<string, boolean>>>> = {
  redis: { 'redis:': false, 'rediss:': true, 'valkey:': false, 'valkeys:': true, 'unix:': false },
  nats: { 'nats:': false, 'tls:': true },
};
const EXPECTED = {
  redis:
    'expected a URL such as "rediss://limits.internal:6379", "redis://127.0.0.1:6379/1" or "unix:/run/valkey.sock"',
  nats: 'expected a URL such as "nats://127.0.0.1:4222" or "tls://nats.internal:4222"',
} as const;
const PORTS = { redis: 6_379, sentinel: 26_379, nats: 4_222 } as const;
const DATABASE = /^\/(\d{1,4})$/;

/** Reads where a store of type `redis` or `nats` is; or says what is wrong. */
export function storePlace(written: WrittenPlace): StorePlace | PlaceProblem {
  const { type, url, servers, master } = written;
  if (type === 'memory') throw new TypeError('the memory is here');
  if (url !== undefined && servers !== undefined) return ['servers', 'there is a "url" already'];
  if (master !== undefined && (type !== 'redis' || servers === undefined))
    return ['master', 'this is for Sentinels of Redis, whose addresses are in "servers"'];
  if (url !== undefined) return placeOfUrl(type, url);
  if (servers === undefined)
    return [
      'url',
      `${EXPECTED[type]}; or "servers" with the addresses of ${type === 'nats' ? 'several' : 'Sentinels, with "master", or of a Cluster'}`,
    ];
  return placeOfServers(type, servers, master);
}

function placeOfUrl(type: 'redis' | 'nats', url: string): StorePlace | PlaceProblem {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isSecure = parsed && SCHEMES[type][parsed.protocol];
  if (parsed === undefined || isSecure === undefined || parsed.search !== '' || parsed.hash !== '')
    return ['url', EXPECTED[type]];
  if (parsed.protocol === 'unix:') {
    if (parsed.host !== '' || parsed.pathname.length < 2) return ['url', EXPECTED[type]];
    return { at: { path: decodeURIComponent(parsed.pathname) }, addresses: [], isSecure };
  }
  const [, database] = DATABASE.exec(parsed.pathname) ?? [];
  const hasPath = parsed.pathname !== '' && parsed.pathname !== '/';
  if (parsed.hostname === '' || (hasPath && (type === 'nats' || database === undefined)))
    return ['url', EXPECTED[type]];
  const at = hostPort(parsed, PORTS[type]);
  const name = type === 'nats' && parsed.password === '' ? 'token' : 'user';
  return {
    at,
    addresses: [at],
    isSecure,
    ...(parsed.username !== '' && { [name]: decodeURIComponent(parsed.username) }),
    ...(parsed.password !== '' && { password: decodeURIComponent(parsed.password) }),
    ...(database !== undefined && { database: Number(database) }),
  };
}

function placeOfServers(
  type: 'redis' | 'nats',
  servers: readonly string[],
  master: string | undefined,
): StorePlace | PlaceProblem {
  const usual = master === undefined ? PORTS[type] : PORTS.sentinel;
  const addresses: HostPort[] = [];
  for (const server of servers) {
    const parsed =
      /^[^/@?#\s]+$/.test(server) && URL.canParse(`tcp://${server}`) ? new URL(`tcp://${server}`) : undefined;
    if (parsed === undefined || parsed.hostname === '')
      return [
        'servers',
        `expected addresses such as "10.0.0.1:${usual}", "[fd00::1]:${usual}" or "a.internal", found "${server}"`,
      ];
    addresses.push(hostPort(parsed, usual));
  }
  const at = master === undefined ? { cluster: addresses } : { sentinels: addresses, master };
  return { at, addresses, isSecure: false };
}

function hostPort({ hostname, port }: URL, usual: number): HostPort {
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? usual : Number(port) };
}

/** Whether it is a problem, and no place. */
export function isPlaceProblem(place: StorePlace | PlaceProblem): place is PlaceProblem {
  return Array.isArray(place);
}
