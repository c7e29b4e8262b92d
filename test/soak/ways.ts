import type { ConfigInput } from 'inband';
import { scryptSync } from 'node:crypto';

/** How a client asks over one service. */
export interface Way {
  /** Of the service. */
  readonly name: string;
  /** How the target is written: a path, a whole URL, or a path within a tunnel that CONNECT or SOCKS 5 opens. */
  readonly asks: 'path' | 'url' | 'tunnel' | 'socks';
  /** Whether clients log in, each by a name of its own. */
  readonly isLoggedIn?: boolean;
  /** Whether the origin's connection is the client's alone, so that both end together. */
  readonly isTunnel?: boolean;
  /** Whether the proxy looks at nothing within the tunnel. */
  readonly isOpaque?: boolean;
}

/** All ways that {@link configuration} has. */
export const WAYS: readonly Way[] = [
  { name: 'directed', asks: 'path' },
  { name: 'failover', asks: 'path' },
  { name: 'pool', asks: 'path' },
  { name: 'inband', asks: 'url' },
  { name: 'parent', asks: 'url' },
  { name: 'socks-parent', asks: 'url' },
  { name: 'pac', asks: 'url' },
  { name: 'login', asks: 'url', isLoggedIn: true },
  { name: 'tunnel', asks: 'tunnel', isTunnel: true, isOpaque: true },
  { name: 'socks', asks: 'socks', isTunnel: true, isOpaque: true },
  { name: 'sidestack', asks: 'tunnel', isTunnel: true },
  { name: 'stacked', asks: 'url' },
];

/** Names of clients that log in, each with its name as its password. */
export const USERS = ['ann', 'bob', 'cyd', 'dee'];

/** Where servers of a configuration are. */
export interface Servers {
  readonly origins: readonly number[];
  /** A port on which nobody listens. */
  readonly dead: number;
  /** Another proxy, for HTTP and SOCKS 5. */
  readonly parent: number;
  /** A PAC file. */
  readonly pac: string;
}

const listener = (service: string) => ({ bind: '127.0.0.1:0', service });
/** Loopback is where everything is here. Names are all that is known of what is behind a parent. */
const access = [
  { allow: { clients: 'loopback', hosts: '*', servers: 'loopback' } },
  { allow: { clients: 'loopback', hosts: '*' } },
];
const http = { connectPorts: 'any' } as const;

/** The proxy that others take for their parent. */
export const parentConfiguration: ConfigInput = {
  log: { access: false, level: 'error' },
  serverPool: { idleTimeout: '1s' },
  listeners: [{ ...listener('parent'), accept: ['http', 'socks5'] }],
  services: {
    parent: { mode: 'forward', access, http: { ...http, via: 'parent' }, routes: [{ chainer: { type: 'inband' } }] },
  },
};

/** A listener for each of {@link WAYS}, in that order. */
export function configuration({ origins, dead, parent, pac }: Servers): ConfigInput {
  const [first = 0] = origins;
  const at = (port: number): string => `127.0.0.1:${port}`;
  const servers = [...origins, dead].map(at);
  const forward = (chainer: object) => ({ mode: 'forward' as const, access, http, routes: [{ chainer }] });
  const reverse = (chainer: object) => ({ mode: 'reverse' as const, routes: [{ chainer }] });
  const services = {
    directed: reverse({ type: 'directed', remote: at(first) }),
    failover: reverse({ type: 'failover', hosts: [dead, ...origins].map(at) }),
    pool: reverse({ type: 'pool', servers, maxConnections: 64, queue: { size: 1_000, timeout: '30s' } }),
    inband: forward({ type: 'inband' }),
    parent: forward({ type: 'parent', protocol: 'http', servers: [at(parent)] }),
    'socks-parent': forward({ type: 'parent', protocol: 'socks5', servers: [at(parent)] }),
    pac: forward({ type: 'pac', file: pac }),
    login: {
      ...forward({ type: 'inband' }),
      auth: { type: 'basic', realm: 'soak', users: Object.fromEntries(USERS.map((user) => [user, hashOf(user)])) },
      fields: { request: [{ set: { 'x-user': '{user}' } }] },
    },
    tunnel: forward({ type: 'inband' }),
    socks: forward({ type: 'inband' }),
    sidestack: forward({ type: 'sidestack', service: 'in-tunnels', chainer: { type: 'inband' } }),
    'in-tunnels': { mode: 'transparent' as const, routes: [{ chainer: { type: 'none' } }] },
    stacked: forward({ type: 'sidestack', service: 'in-requests', chainer: { type: 'inband' } }),
    'in-requests': { mode: 'transparent' as const, http: { via: 'inner' }, routes: [{ chainer: { type: 'none' } }] },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `createInband` checks it
  return {
    log: { access: false, level: 'error' },
    // Short, so that none is left soon after the end.
    serverPool: { idleTimeout: '1s' },
    listeners: WAYS.map(({ name, asks }) => ({ ...listener(name), ...(asks === 'socks' && { accept: ['socks5'] }) })),
    services,
  } as ConfigInput;
}

function hashOf(password: string): string {
  const [salt, logCost] = [Buffer.from(`salt of ${password.padEnd(8)}`), 14];
  const derived = scryptSync(password, salt, 32, { N: 2 ** logCost, r: 8, p: 1, maxmem: 2 ** 26 });
  const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$scrypt$ln=${logCost},r=8,p=1$${text(salt)}$${text(derived)}`;
}
