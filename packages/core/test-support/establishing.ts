import type { MaybePromise } from '../src/base/maybe-promise.ts';
import type { ServerConnection } from '../src/session/server-connection.ts';
import { inetAddr, type SockAddr } from '../src/base/address.ts';
import type { Connection, DialOptions, Transport } from '../src/base/connection.ts';
import { ProxyError } from '../src/base/errors.ts';
import { createEstablisher } from '../src/network/establish-connection.ts';
import { AddressTranslation, compileNatRule, type NatRule } from '../src/nat/address-translation.ts';
import { AccessPolicy, type AccessRule } from '../src/policy/access-policy.ts';
import { AddressZones } from '../src/zones/zones.ts';
import { ServerPool } from '../src/network/pool/server-pool.ts';
import type { Service } from '../src/routing/service.ts';
import { Session } from '../src/session/session.ts';
import { Timers } from '../src/base/timers.ts';
import { createMemoryNetwork } from '../src/transport/memory/memory.ts';

export const zones = new AddressZones({ dmz: { addresses: ['192.168.0.0/24'] } });

const listener = inetAddr('10.0.0.1', 3128)!;

/** Reads `10.0.0.1:80`, `[fd00::1]:80`, or an address without a port. */
export function addr(text: string, port = 0): SockAddr {
  const [, v6, v4, digits] = /^(?:\[(.*)\]|([\d.]+)):(\d+)$/.exec(text) ?? [];
  return inetAddr(v6 ?? v4 ?? text, digits === undefined ? port : Number(digits))!;
}

export function translation(rules: readonly NatRule[]): AddressTranslation {
  return new AddressTranslation(
    rules.map((rule, index) => compileNatRule(rule, index, 'services.test.nat', zones)),
    zones,
  );
}

export interface LabOptions {
  readonly access?: readonly AccessRule[];
  readonly nat?: readonly NatRule[];
  readonly mode?: 'forward' | 'reverse';
}

/** An `establishConnection` over a network in memory in which `servers` accept every connection. */
export async function establishingLab(servers: readonly string[], options: LabOptions = {}) {
  const network = createMemoryNetwork();
  const accepted: Connection[] = [];
  const listening = servers.map((server) =>
    network.transport().listen(addr(server), {}, (connection) => accepted.push(connection)),
  );
  await Promise.all(listening);
  const timers = new Timers();
  const pool = new ServerPool({ timers, idleTimeout: 60_000, maxIdlePerServer: 8, maxIdle: 8, quietTime: 0 });
  const dials: DialOptions[] = [];
  const memory = network.transport();
  const transport: Transport = {
    ...memory,
    connect(remote, how, settle) {
      dials.push(how);
      return memory.connect(remote, how, settle);
    },
  };
  const { mode = 'reverse', access = [], nat = [] } = options;
  const policy = AccessPolicy.compile(access, { mode, zones, path: 'services.test.access' });
  const service: Service = {
    name: 'test',
    mode,
    policy,
    ...(nat.length > 0 && { nat: translation(nat) }),
    routesByPath: false,
    route: () => undefined,
  };
  const session = (client: string | SockAddr): Session => {
    const address = typeof client === 'string' ? addr(client, 40_000) : client;
    const { server: connection } = network.connectPair({ client: address, server: listener });
    return new Session({ id: 1, connection, address, local: listener, listener }, service);
  };
  return {
    network,
    accepted,
    dials,
    pool,
    timers,
    session,
    establisher: createEstablisher({ transport, pool, timers }),
  };
}

/** The error of an attempt that must fail. */
export async function refusal(outcome: MaybePromise<ServerConnection>): Promise<ProxyError> {
  return Promise.resolve(outcome).then(
    () => {
      throw new Error('It connected.');
    },
    (error: unknown) => {
      if (error instanceof ProxyError) return error;
      throw error;
    },
  );
}
