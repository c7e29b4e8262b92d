import type { ConnectionLayer, EstablishOptions } from './establish-options.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { ServerConnection } from '../session/server-connection.ts';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import { passTime } from '../../test-support/passing-time.ts';
import { inetAddr, type SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import { AccessDeniedError, ProxyError } from '../base/errors.ts';
import { createEstablisher } from './establish-connection.ts';
import { AccessPolicy, type AccessRule } from '../policy/access-policy.ts';
import { AddressZones } from '../zones/zones.ts';
import { ServerPool } from './pool/server-pool.ts';
import type { Service } from '../routing/service.ts';
import { Session, sessionWriter } from '../session/session.ts';
import { Timers } from '../base/timers.ts';
import { createMemoryNetwork } from '../transport/memory/memory.ts';

const server = inetAddr('10.0.0.1', 80)!;
const listener = inetAddr('127.0.0.1', 3128)!;

afterEach(() => {
  vi.useRealTimers();
});

function service(rules: readonly AccessRule[]): Service {
  const policy = AccessPolicy.compile(rules, {
    mode: 'forward',
    zones: new AddressZones({}),
    path: 'services.test.access',
  });
  return { name: 'test', mode: 'forward', policy, routesByPath: false, route: () => undefined };
}

async function setUp() {
  const network = createMemoryNetwork();
  const accepted: Connection[] = [];
  await network.transport().listen(server, {}, (connection) => accepted.push(connection));
  const timers = new Timers();
  const pool = new ServerPool({ timers, idleTimeout: 60_000, maxIdlePerServer: 8, maxIdle: 8, quietTime: 0 });
  const establisher = createEstablisher({ transport: network.transport(), pool, timers });
  const session = (rules: readonly AccessRule[] = []): Session => {
    const { server: connection } = network.connectPair({ client: inetAddr('127.0.0.1', 40_000)!, server: listener });
    const address = connection.remote;
    return new Session({ id: 1, connection, address, local: listener, listener }, service(rules));
  };
  const connect = (
    whose: Session,
    how?: EstablishOptions,
    remote: SockAddr = server,
    by: 'client' | 'operator' = 'client',
  ) => establisher(by)(whose, undefined, remote, how);
  return { network, accepted, timers, pool, establisher, session, connect };
}

async function refusal(outcome: MaybePromise<ServerConnection>): Promise<ProxyError> {
  return Promise.resolve(outcome).then(
    () => expect.unreachable('it connected'),
    (error: unknown) => error as ProxyError,
  );
}

const denied: AccessRule[] = [{ action: 'deny', servers: ['10.0.0.0/8'] }];

describe('the decision', () => {
  const rules: AccessRule[] = [
    { action: 'deny', servers: ['10.9.0.0/16'] },
    { action: 'allow', servers: ['10.0.0.0/8'] },
  ];
  const other = inetAddr('10.9.0.1', 80)!;

  test('stands on the session, whether it allows or denies, also for an idle connection', async () => {
    const { session, connect } = await setUp();
    const [first, second, third] = [session(rules), session(rules), session(rules)];
    (await connect(first)).release();
    expect(first.decision).toMatchObject({ verdict: 'allow', rule: 'services.test.access[1]' });
    expect((await connect(second)).reused).toBe(true);
    expect(second.decision).toMatchObject({ verdict: 'allow', rule: 'services.test.access[1]' });
    await refusal(connect(third, undefined, other));
    expect(third.decision).toMatchObject({ verdict: 'deny', rule: 'services.test.access[0]' });
  });

  test('is that about the address that was connected to, whatever else was tried meanwhile', async () => {
    const { session, connect } = await setUp();
    const whose = session(rules);
    const dialling = connect(whose);
    await refusal(connect(whose, undefined, other));
    expect(whose.serverAddress).toBe(other);
    await dialling;
    expect(whose.serverAddress).toBe(server);
    expect(whose.decision).toMatchObject({ verdict: 'allow', rule: 'services.test.access[1]' });
  });
});

describe('the check', () => {
  test('comes before the dial: nothing is dialled for a denied session', async () => {
    const { network, session, connect } = await setUp();
    const whose = session(denied);
    const error = await refusal(connect(whose));
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(error).toMatchObject({ code: 'destination_ip_prohibited', address: server });
    expect(network.dialled).toEqual([]);
    expect(whose.serverAddress).toBe(server);
    expect(whose.attempts).toBeUndefined();
  });

  test('comes before the pool: an idle connection of another session is not handed out', async () => {
    const { network, pool, session, connect } = await setUp();
    (await connect(session())).release();
    expect(pool.idle).toBe(1);
    expect(await refusal(connect(session(denied)))).toBeInstanceOf(AccessDeniedError);
    expect(pool.idle).toBe(1);
    expect(network.dialled).toHaveLength(1);
  });

  test('depends on who chose the server', async () => {
    const { session, connect } = await setUp();
    const metadata = inetAddr('169.254.169.254', 80)!;
    expect(await refusal(connect(session(), {}, metadata, 'client'))).toBeInstanceOf(AccessDeniedError);
    expect(await refusal(connect(session(), {}, metadata, 'operator'))).toMatchObject({ code: 'connection_refused' });
  });

  test('finds a client that asks for the proxy itself', async () => {
    const { network, session, connect } = await setUp();
    expect(await refusal(connect(session(), {}, { ...listener }))).toMatchObject({
      code: 'proxy_loop_detected',
      status: 508,
    });
    expect(network.dialled).toEqual([]);
  });

  test('finds an intercepted client that was going to the proxy itself', async () => {
    const { network, session, connect } = await setUp();
    const { client, service: itsService } = session();
    const whose = new Session({ ...client, originalDestination: server }, itsService);
    expect(await refusal(connect(whose, {}, { ...listener }))).toMatchObject({ code: 'proxy_loop_detected' });
    expect(network.dialled).toEqual([]);
  });

  test('lets an intercepted client through to its destination, which is the local address (TPROXY)', async () => {
    const { session, connect } = await setUp();
    const { client, service: itsService } = session();
    const whose = new Session({ ...client, local: { ...server }, originalDestination: server }, itsService);
    expect(await connect(whose)).toMatchObject({ remote: server });
  });
});

test('dials when nothing is idle, and records the attempt', async () => {
  const { network, accepted, timers, session, connect } = await setUp();
  const whose = session();
  const connected = await connect(whose);
  expect(connected).toMatchObject({ reused: false, remote: server });
  expect(network.dialled).toEqual([server]);
  expect(accepted).toHaveLength(1);
  expect(whose.attempts).toEqual([{ address: server, duration: expect.any(Number) }]);
  expect(timers.running).toBe(0);
});

test('reuses an idle connection, at once and without an attempt', async () => {
  const { network, session, connect } = await setUp();
  const first = await connect(session());
  first.release();
  const whose = session();
  const second = connect(whose);
  expect(second).toBe(first);
  expect(await second).toMatchObject({ reused: true });
  expect(whose.attempts).toBeUndefined();
  expect(network.dialled).toHaveLength(1);
});

test('does not reuse where the session or the chainer says no, or the outgoing address or layer differs', async () => {
  const { network, establisher, session, connect } = await setUp();
  (await connect(session())).release();
  const fresh = session();
  fresh.requireFreshServer();
  const layer: ConnectionLayer = { id: 'tls', wrap: (connection) => Promise.resolve(connection) };
  const others = [
    await connect(fresh),
    await connect(session(), { reuse: false }),
    await connect(session(), { tls: layer }),
    await establisher('client')(session(), inetAddr('127.0.0.9', 0), server),
  ];
  expect(others.map((other) => other.reused)).toEqual([false, false, false, false]);
  expect(network.dialled).toHaveLength(5);
});

test('records failed attempts in order, with their codes', async () => {
  const { session, connect } = await setUp();
  const whose = session();
  const nobody = inetAddr('10.0.0.2', 80)!;
  await refusal(connect(whose, {}, nobody));
  await connect(whose);
  expect(whose.attempts).toMatchObject([{ address: nobody, error: 'connection_refused' }, { address: server }]);
  expect(whose.attempts![1]).not.toHaveProperty('error');
});

test('a server that does not answer is given up after connectTimeout', async () => {
  const { network, timers, session, connect } = await setUp();
  network.blackhole(server);
  const whose = session();
  const error = await refusal(connect(whose, { connectTimeout: 5 }));
  expect(error).toMatchObject({ code: 'connection_timeout', status: 504 });
  expect(whose.attempts).toMatchObject([{ error: 'connection_timeout' }]);
  expect(timers.running).toBe(0);
});

describe('a cancelled attempt', () => {
  test('of a session that was aborted before is refused without dialling', async () => {
    const { network, session, connect } = await setUp();
    const whose = session();
    sessionWriter.abort(whose);
    expect(await refusal(connect(whose))).toMatchObject({ code: 'connection_terminated' });
    expect(await refusal(connect(session(), { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'connection_terminated',
    });
    expect(network.dialled).toEqual([]);
  });

  test('rejects and leaves nothing open', async () => {
    for (const by of ['session', 'signal']) {
      const { pool, accepted, timers, session, connect } = await setUp();
      const whose = session();
      const controller = new AbortController();
      const outcome = connect(whose, { signal: controller.signal });
      if (by === 'session') sessionWriter.abort(whose);
      else controller.abort();
      expect(await refusal(outcome)).toMatchObject({ code: 'connection_terminated' });
      expect(accepted).toEqual([]);
      expect(pool.open).toBe(0);
      expect(timers.running).toBe(0);
    }
  });

  test('rejects also when it is cancelled in the turn in which it connects', async () => {
    const { network, pool, timers } = await setUp();
    const controller = new AbortController();
    const transport = network.transport();
    const racing = createEstablisher({
      pool,
      timers,
      transport: {
        ...transport,
        connect: (remote, options, settle) =>
          transport.connect(remote, options, (error, connection) => {
            settle(error, connection);
            controller.abort();
          }),
      },
    });
    const pair = network.connectPair({ client: inetAddr('127.0.0.1', 40_001)!, server: listener });
    const whose = new Session(
      { id: 2, connection: pair.server, address: pair.server.remote, local: listener, listener },
      service([]),
    );
    expect(await refusal(racing('client')(whose, undefined, server, { signal: controller.signal }))).toMatchObject({
      code: 'connection_terminated',
    });
    expect(pool.open).toBe(0);
  });
});

describe('a layer', () => {
  test('is part of what is pooled: the next session gets the layered connection', async () => {
    const { network, session, connect } = await setUp();
    const wrapped: Connection[] = [];
    const layer: ConnectionLayer = {
      id: 'tls a',
      wrap: () => {
        const outer = new FakeConnection();
        wrapped.push(outer);
        return Promise.resolve(outer);
      },
    };
    const first = await connect(session(), { tls: layer });
    expect(first.connection).toBe(wrapped[0]);
    first.release();
    expect(await connect(session(), { tls: { ...layer, id: 'tls b' } })).not.toBe(first);
    expect(await connect(session(), { tls: layer })).toBe(first);
    expect(network.dialled).toHaveLength(2);
  });

  test('that fails makes a failed attempt', async () => {
    const { pool, session, connect } = await setUp();
    const whose = session();
    const failure = new ProxyError('tls_protocol_error', 'Bad certificate.');
    const layer: ConnectionLayer = {
      id: 'tls',
      wrap: (connection) => {
        connection.destroy();
        return Promise.reject(failure);
      },
    };
    expect(await refusal(connect(whose, { tls: layer }))).toBe(failure);
    expect(whose.attempts).toMatchObject([{ error: 'tls_protocol_error' }]);
    expect(pool.open).toBe(0);
  });

  test('that throws makes a failed attempt too, and leaves nothing open', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { network, session, connect } = await setUp();
    const layer: ConnectionLayer = {
      id: 'tls',
      wrap: () => {
        throw new Error('defect');
      },
    };
    const before = network.open;
    const error = await refusal(connect(session(), { tls: layer, connectTimeout: 100 }));
    expect(error).toMatchObject({ code: 'proxy_internal_error', message: 'defect' });
    // The attempt's own time must not come after it: an expiry would have nobody to hear it.
    await passTime(110);
    const own = network.connections().filter((end) => end.remote === server);
    for (const end of own) end.resume();
    await vi.waitFor(() => expect(network.connections().filter((end) => end.remote === server)).toEqual([]));
    expect(network.open).toBeGreaterThanOrEqual(before);
  });

  /** Waits for the handshake until the connection closes, and fails with the reason. */
  function silentLayer(begun?: (connection: Connection) => void): ConnectionLayer {
    return {
      id: 'tls',
      wrap: (connection) =>
        new Promise((_, reject) => {
          connection.handler = {
            data() {},
            drained() {},
            ended() {},
            closed: (error) => reject(error ?? new ProxyError('tls_protocol_error', 'Closed.')),
          };
          connection.resume();
          begun?.(connection);
        }),
    };
  }

  test('that does not finish within connectTimeout is given up', async () => {
    const { accepted, session, connect } = await setUp();
    const error = await refusal(connect(session(), { tls: silentLayer(), connectTimeout: 20 }));
    expect(error).toMatchObject({ code: 'connection_timeout', setting: 'chainer.connectTimeout' });
    expect(accepted).toHaveLength(1);
  });

  test('is given up when the session or the signal is aborted', async () => {
    for (const by of ['session', 'signal']) {
      const { session, connect } = await setUp();
      const whose = session();
      const controller = new AbortController();
      const begun = vi.fn();
      const layer = silentLayer((connection) => {
        begun(connection);
        if (by === 'session') sessionWriter.abort(whose);
        else controller.abort();
      });
      const start = performance.now();
      await refusal(connect(whose, { tls: layer, signal: controller.signal, connectTimeout: 60_000 }));
      expect(begun).toHaveBeenCalledOnce();
      expect(performance.now() - start).toBeLessThan(50_000);
    }
  });
});
