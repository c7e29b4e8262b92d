import { PoolChainer } from '@inband/chainers';
import {
  AccessPolicy,
  AddressZones,
  type Connection,
  createEstablisher,
  createMemoryNetwork,
  inetAddr,
  ServerPool,
  type Service,
  Timers,
} from '@inband/core';
import { createHttpProxy, defaultHttpOptions } from '@inband/http-proxy';
import { expect, test, vi } from 'vitest';
import { FakeResolver, silentLogger } from './fake-establisher.ts';
import { seededRandom } from '../../packages/core/test-support/seeded-random.ts';

const CLIENTS = 24;
const REQUESTS = 15;
const listener = inetAddr('127.0.0.1', 3128)!;
const servers = [8001, 8002, 8003].map((port) => inetAddr('127.0.0.1', port)!);

const ANSWERS = {
  ok: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  busy: 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy',
  last: 'HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\nbusy',
  cut: 'HTTP/1.1 503 Busy\r\nContent-Length: 40\r\n\r\nbusy',
  none: 'SSH-2.0\r\n\r\n',
} as const;
const REQUESTED = ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi'];

function soon(random: () => number, act: () => void): void {
  const delay = random() * 12;
  if (delay < 4) act();
  else setTimeout(act, delay);
}

/** A server that does to each request what comes next. */
function serve(connection: Connection, random: () => number): void {
  connection.handler = {
    data() {
      soon(random, () => {
        const chance = random();
        if (chance < 0.5) connection.write(Buffer.from(ANSWERS.ok));
        else if (chance < 0.62) connection.write(Buffer.from(ANSWERS.busy));
        else if (chance < 0.7) connection.destroy(new Error('reset'));
        else if (chance < 0.78) connection.end();
        else if (chance < 0.83) end(connection, ANSWERS.last);
        else if (chance < 0.88) end(connection, ANSWERS.cut);
        else if (chance < 0.92) end(connection, ANSWERS.none);
        // The rest get no answer.
      });
    },
    drained() {},
    ended: () => connection.end(),
    closed() {},
  };
  connection.resume();
}

function end(connection: Connection, answer: string): void {
  connection.write(Buffer.from(answer));
  connection.end();
}

test.each([
  [1, true],
  [2, true],
  [3, true],
  [4, false],
  [5, false],
  [6, false],
])(
  'whatever servers and clients do, each session is counted back, and nothing is left open: %i, limits: %j',
  async (seed, limited) => {
    const random = seededRandom(seed);
    const network = createMemoryNetwork({});
    const timers = new Timers();
    const idle = new ServerPool({ timers, idleTimeout: 60_000, maxIdlePerServer: 8, maxIdle: 8, quietTime: 0 });
    const establishConnection = createEstablisher({ transport: network.transport(), pool: idle, timers })('operator');
    const listening = await Promise.all(
      servers.map((server) => network.transport().listen(server, {}, (connection) => serve(connection, random))),
    );
    const chainer = new PoolChainer(
      {
        // Waiting for room makes all slow, so that none is slow enough for a second server.
        servers: servers.map((address) => (limited ? { address, maxConnections: 3 } : { address })),
        maxConnections: limited ? 8 : undefined,
        queue: { timeout: 40 },
        retry: { on: ['connect', 'reset', 'timeout', 503], perTry: 15, budget: 1 },
        hedge: 0.9,
        eject: { first: 20 },
      },
      { establishConnection, resolver: new FakeResolver({}), logger: silentLogger },
    );
    const service: Service = {
      name: 'test',
      mode: 'reverse',
      policy: AccessPolicy.compile([], { mode: 'reverse', zones: new AddressZones({}), path: 'access' }),
      routesByPath: false,
      route: () => ({ name: 'routes[0]', chainer }),
    };
    const defects: unknown[] = [];
    let records = 0;
    const proxy = createHttpProxy({
      service,
      timers,
      options: { ...defaultHttpOptions('reverse'), responseTimeout: 60 },
      logger: { ...silentLogger, error: (fields) => defects.push(fields) },
      onSession: () => void (records += 1),
    });

    async function client(id: number): Promise<void> {
      const requests = { left: REQUESTS };
      while (requests.left > 0) {
        const pair = network.connectPair({ server: listener });
        const { promise: over, resolve } = Promise.withResolvers<void>();
        const ask = (): void => {
          if (requests.left === 0) return pair.client.destroy();
          requests.left -= 1;
          pair.client.write(Buffer.from(REQUESTED[random() < 0.8 ? 0 : 1]!));
          if (random() < 0.1) setTimeout(() => pair.client.destroy(new Error('reset')), random() * 10);
        };
        pair.client.handler = {
          data: (bytes, start, stop) => {
            if (/ok|busy|\}/.test(bytes.toString('latin1', start, stop))) ask();
          },
          drained() {},
          ended: () => pair.client.destroy(),
          closed: () => resolve(),
        };
        pair.client.resume();
        proxy.accept({ id, connection: pair.server, address: pair.server.remote, local: listener, listener });
        ask();
        await over;
      }
    }

    await Promise.all(Array.from({ length: CLIENTS }, (_, id) => client(id)));
    await vi.waitFor(() => expect(proxy.open).toBe(0), { timeout: 10_000, interval: 5 });
    await vi.waitFor(() => expect(chainer.pool.members.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]), {
      timeout: 10_000,
      interval: 5,
    });
    expect(defects).toEqual([]);
    expect(records).toBeGreaterThan((CLIENTS * REQUESTS) / 2);
    chainer.close();
    idle.close();
    await vi.waitFor(() => expect(idle.open).toBe(0), { timeout: 10_000, interval: 5 });
    expect(timers.running).toBe(0);
    timers.close();
    await Promise.all(listening.map((one) => one.close()));
  },
);
