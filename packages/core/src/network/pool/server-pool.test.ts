import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../../test-support/fake-connection.ts';
import type { SockAddr } from '../../base/address.ts';
import { poolKey, ServerPool, type ServerPoolOptions } from './server-pool.ts';
import { ownSession } from '../../routing/own-session.ts';
import type { ClientConnection } from '../../session/session-view.ts';
import { Timers } from '../../base/timers.ts';

const remote: SockAddr = { family: 'inet', address: '192.0.2.1', port: 80 };
const local: SockAddr = { family: 'inet', address: '192.0.2.7', port: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function pool(limits: Partial<ServerPoolOptions> = {}): { timers: Timers; pool: ServerPool } {
  const timers = new Timers();
  return {
    timers,
    pool: new ServerPool({ timers, idleTimeout: 1000, maxIdlePerServer: 8, maxIdle: 8, quietTime: 0, ...limits }),
  };
}

describe('poolKey', () => {
  const unix: SockAddr = { family: 'unix', path: '/run/a.sock' };
  test('differs by outgoing address, server and layer', () => {
    const keysOf = () => [
      poolKey(undefined, remote, undefined),
      poolKey(local, remote, undefined),
      poolKey(undefined, { ...remote, port: 81 }, undefined),
      poolKey(undefined, { ...remote, address: '192.0.2.2' }, undefined),
      poolKey(undefined, unix, undefined),
      poolKey(undefined, remote, 'tls a'),
      poolKey(undefined, remote, 'tls b'),
      poolKey(local, remote, 'tls a', true),
      poolKey(local, remote, 'tls a'),
    ];
    const keys = keysOf();
    expect(new Set(keys).size).toBe(keys.length);
    expect(keysOf()).toEqual(keys);
    expect(poolKey({ ...local }, { ...remote }, 'tls a')).toBe(keys.at(-1));
  });
});

test('the connection that was used last is handed out first', () => {
  const { pool: servers } = pool();
  const connections = [new FakeConnection(), new FakeConnection(), new FakeConnection()];
  for (const server of connections.map((connection) => servers.adopt(connection, remote, 'k'))) server.release();
  expect(servers.idle).toBe(3);
  expect([1, 2, 3].map(() => servers.acquire('k')?.connection)).toEqual(connections.toReversed());
  expect(servers.acquire('k')).toBeUndefined();
  expect(servers.idle).toBe(0);
  expect(servers.open).toBe(3);
});

test('one with something unread is not handed out but closed', () => {
  const { pool: servers } = pool();
  class Pending extends FakeConnection {
    pending = false;
  }
  const connections = [new Pending(), new Pending(), new Pending()] as const;
  for (const server of connections.map((connection) => servers.adopt(connection, remote, 'k'))) server.release();
  connections[1].pending = true;
  connections[2].pending = true;
  expect(servers.acquire('k')?.connection).toBe(connections[0]);
  expect(connections.map(({ destroyed }) => destroyed)).toEqual([false, true, true]);
  expect([servers.idle, servers.open]).toEqual([0, 1]);
});

test('only a connection that served before is reused, and keys are kept apart', () => {
  const { pool: servers } = pool();
  const server = servers.adopt(new FakeConnection(), remote, 'k');
  expect(server).toMatchObject({ reused: false, remote });
  server.release();
  expect(servers.acquire('other')).toBeUndefined();
  expect(servers.acquire('k')).toBe(server);
  expect(server.reused).toBe(true);
});

test('a pooled connection is resumed so that its end is noticed', () => {
  const { pool: servers } = pool();
  const connection = new FakeConnection();
  servers.adopt(connection, remote, 'k').release();
  expect(connection.paused).toBe(false);
});

describe('with as many idle connections as may be', () => {
  function full(limits: Partial<ServerPoolOptions>) {
    const { pool: servers } = pool(limits);
    const keep = (key: string): FakeConnection => {
      const connection = new FakeConnection();
      servers.adopt(connection, remote, key).release();
      return connection;
    };
    return { servers, keep };
  }
  const closed = (connections: FakeConnection[]): boolean[] => connections.map(({ destroyed }) => destroyed);

  test('of a server, one more closes the one of that server that was used longest ago', () => {
    const { servers, keep } = full({ maxIdlePerServer: 2 });
    const connections = ['a', 'b', 'a', 'a'].map(keep);
    expect(closed(connections)).toEqual([true, false, false, false]);
    expect(servers).toMatchObject({ idle: 3, open: 3 });
    expect(servers.acquire('a')?.connection).toBe(connections[3]);
  });

  test('of all servers, one more closes the one of any server that was used longest ago', () => {
    const { servers, keep } = full({ maxIdle: 3 });
    const connections = ['a', 'a', 'b', 'b', 'c', 'c'].map(keep);
    expect(closed(connections)).toEqual([true, true, true, false, false, false]);
    expect(servers).toMatchObject({ idle: 3, open: 3 });
  });

  test('servers that are used once do not cost one that is used again and again its connection', () => {
    const { servers, keep } = full({ maxIdle: 3 });
    const often = keep('often');
    for (let number = 0; number < 20; number += 1) {
      keep(`once ${number}`);
      const server = servers.acquire('often');
      expect(server?.connection).toBe(often);
      server?.release();
    }
  });

  test('one that the proxy made for itself takes a place that nobody has, and no other', () => {
    const { servers, keep } = full({ maxIdle: 3, maxIdlePerServer: 2 });
    const { client } = ownSession('warm');
    const warm = (key: string): boolean => {
      const connection = new FakeConnection();
      servers.adopt(connection, remote, key, { client }).release();
      return !connection.destroyed;
    };
    const connections = ['a', 'b'].map(keep);
    expect([warm('a'), warm('a'), warm('b'), warm('c')]).toEqual([true, false, false, false]);
    expect(closed(connections)).toEqual([false, false]);
    expect(keep('c').destroyed).toBe(false);
  });

  test('a request that may not be sent twice dials once, and the next ones have its connection', () => {
    const { servers, keep } = full({ maxIdlePerServer: 4, idleTimeout: 30_000 });
    for (let number = 0; number < 4; number += 1) keep('a');
    vi.advanceTimersByTime(5_000);
    expect(servers.acquire('a', undefined, 1_000)).toBeUndefined();
    const dialled = keep('a');
    for (let number = 0; number < 10; number += 1) {
      vi.advanceTimersByTime(500);
      const server = servers.acquire('a', undefined, 1_000);
      expect(server?.connection).toBe(dialled);
      server?.release();
    }
  });

  test('limits that became lower hold when the next one is released, and none is kept where none may be', () => {
    const { servers, keep } = full({});
    for (let number = 0; number < 6; number += 1) keep('a');
    servers.configure({ idleTimeout: 1_000, maxIdlePerServer: 2, maxIdle: 8 });
    keep('a');
    expect(servers).toMatchObject({ idle: 2, open: 2 });
    for (const limits of [{ maxIdlePerServer: 0 }, { maxIdle: 0 }]) {
      servers.configure({ idleTimeout: 1_000, maxIdlePerServer: 8, maxIdle: 8, ...limits });
      expect(keep('a').destroyed).toBe(true);
      expect(servers.idle).toBe(2);
    }
  });
});

test('an idle connection closes after the idle time, counted from its last release', () => {
  const { timers, pool: servers } = pool();
  const connection = new FakeConnection();
  servers.adopt(connection, remote, 'k').release();
  vi.advanceTimersByTime(900);
  servers.acquire('k')!.release();
  vi.advanceTimersByTime(900);
  expect(connection.destroyed).toBe(false);
  vi.advanceTimersByTime(101);
  expect(connection.destroyed).toBe(true);
  expect(servers).toMatchObject({ idle: 0, open: 0 });
  expect(timers.running).toBe(0);
});

test('a connection in use has no idle time', () => {
  const { timers, pool: servers } = pool();
  const connection = new FakeConnection();
  servers.adopt(connection, remote, 'k').release();
  servers.acquire('k');
  expect(timers.running).toBe(0);
  vi.advanceTimersByTime(5000);
  expect(connection.destroyed).toBe(false);
});

describe('what happens to an idle connection closes it for good', () => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\n\r\n');
  const events: Record<string, (connection: FakeConnection) => void> = {
    'bytes that nobody asked for': (connection) => connection.handler.data(bytes, 0, bytes.length),
    'the end of the server': (connection) => connection.handler.ended(),
    'a close': (connection) => connection.handler.closed(),
    'a reset': (connection) => connection.handler.closed(new Error('reset')),
  };
  for (const [name, happen] of Object.entries(events)) {
    test(name, () => {
      const { timers, pool: servers } = pool();
      const connection = new FakeConnection();
      servers.adopt(connection, remote, 'k').release();
      happen(connection);
      expect(connection.destroyed).toBe(true);
      expect(servers.acquire('k')).toBeUndefined();
      expect(servers).toMatchObject({ idle: 0, open: 0 });
      expect(timers.running).toBe(0);
    });
  }
});

test('bytes that come between being taken and being used close the connection', () => {
  const { pool: servers } = pool();
  const connection = new FakeConnection();
  servers.adopt(connection, remote, 'k').release();
  servers.acquire('k');
  connection.handler.data(Buffer.from('x'), 0, 1);
  expect(connection.destroyed).toBe(true);
  expect(servers.open).toBe(0);
});

test('giving back twice, or after a destroy, does nothing more', () => {
  const { pool: servers } = pool();
  const server = servers.adopt(new FakeConnection(), remote, 'k');
  server.release();
  server.release();
  expect(servers.idle).toBe(1);
  server.destroy();
  server.destroy();
  server.release();
  expect(servers).toMatchObject({ idle: 0, open: 0 });
});

test('destroying passes the error on to the connection', () => {
  const { pool: servers } = pool();
  const connection = new FakeConnection();
  const error = new Error('cut');
  servers.adopt(connection, remote, 'k').destroy(error);
  expect(connection.error).toBe(error);
});

test('a closed pool closes what is idle, and what is in use when it comes back', () => {
  const { timers, pool: servers } = pool();
  const connections = [new FakeConnection(), new FakeConnection(), new FakeConnection()];
  const inUse = servers.adopt(connections[0]!, remote, 'k');
  servers.adopt(connections[1]!, remote, 'k').release();
  servers.adopt(connections[2]!, remote, 'other').release();
  servers.close();
  expect(connections.map((connection) => connection.destroyed)).toEqual([false, true, true]);
  inUse.release();
  expect(connections[0]!.destroyed).toBe(true);
  expect(servers).toMatchObject({ idle: 0, open: 0 });
  expect(timers.running).toBe(0);
});

test('servers that were used once leave nothing behind', () => {
  const set = vi.spyOn(Map.prototype, 'set');
  const { pool: servers } = pool();
  for (let index = 0; index < 50; index++) {
    const key = `server ${index}`;
    servers.adopt(new FakeConnection(), remote, key).release();
    servers.acquire(key)!.destroy();
  }
  const byKey = set.mock.contexts.find((_, call) => String(set.mock.calls[call]![0]).startsWith('server ')) as Map<
    string,
    unknown
  >;
  set.mockRestore();
  expect(byKey.size).toBe(0);
});

test('when descriptors have run out some idle connections are closed, those used longest ago', () => {
  const { pool: servers } = pool({ maxIdle: 100 });
  const connections = Array.from({ length: 12 }, () => new FakeConnection());
  for (const [index, connection] of connections.entries()) {
    servers.adopt(connection, remote, `k${index % 4}`).release();
  }
  servers.makeRoom();
  expect(servers.idle).toBe(4);
  expect(servers.acquire('k0')?.connection).toBe(connections[8]);
  servers.makeRoom();
  expect(servers.idle).toBe(0);
});

test('idle connections make room before there are too many of all', () => {
  const { pool: servers } = pool({ maxIdle: 100, mostOpen: 10 });
  const inUse = Array.from({ length: 6 }, () => servers.adopt(new FakeConnection(), remote, 'busy'));
  for (let number = 0; number < 20; number += 1) servers.adopt(new FakeConnection(), remote, `k${number}`).release();
  expect(servers.open).toBeLessThanOrEqual(10);
  expect(servers.idle).toBe(servers.open - inUse.length);
  for (const server of inUse) server.destroy();
});

describe('another client than before', () => {
  class Told extends FakeConnection {
    acknowledged = 0;
    news = false;
    acknowledge(): void {
      this.acknowledged += 1;
    }
    hasUnreadInput(): boolean {
      return this.news;
    }
  }
  const clientOf = (id: number): ClientConnection => {
    const connection = new FakeConnection();
    return { id, connection, address: connection.remote, local: connection.local, listener: connection.local };
  };
  const [alice, bob] = [clientOf(1), clientOf(2)];
  function lab() {
    const timers = new Timers();
    const servers = new ServerPool({ timers, idleTimeout: 10_000, maxIdlePerServer: 64, maxIdle: 64 });
    const idle = <T extends FakeConnection>(connection: T, roundTrip = 0): T => {
      servers.adopt(connection, remote, 'k', { client: alice, roundTrip }).release();
      return connection;
    };
    return { servers, idle };
  }

  test('is not served at once, while the one that used it last is', () => {
    const { servers, idle } = lab();
    const connection = idle(new Told());
    expect(servers.acquire('k', bob)).toBeUndefined();
    expect(servers.acquire('k')).toBeUndefined();
    expect(servers.acquire('k', alice)?.connection).toBe(connection);
    servers.close();
  });

  test('has the server told what was received, once, and is served a round trip and a moment later', () => {
    const { servers, idle } = lab();
    const connection = idle(new Told(), 20);
    expect(connection.acknowledged).toBe(0);
    servers.acquire('k', bob);
    vi.advanceTimersByTime(21);
    expect(servers.acquire('k', bob)).toBeUndefined();
    expect(connection.acknowledged).toBe(1);
    vi.advanceTimersByTime(1);
    expect(servers.acquire('k', bob)?.connection).toBe(connection);
  });

  test('waits for what the system takes to acknowledge where nobody else can', () => {
    const { servers, idle } = lab();
    const connection = idle(new FakeConnection());
    servers.acquire('k', bob);
    vi.advanceTimersByTime(49);
    expect(servers.acquire('k', bob)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(servers.acquire('k', bob)?.connection).toBe(connection);
  });

  test('has one more acknowledged for each that it takes, and each once', () => {
    const { servers, idle } = lab();
    const connections = Array.from({ length: 18 }, () => idle(new Told()));
    const told = (): number[] => connections.map(({ acknowledged }) => acknowledged);
    servers.acquire('k', bob);
    expect(told().filter((count) => count === 1)).toHaveLength(16);
    vi.advanceTimersByTime(2);
    servers.acquire('k', bob)?.destroy();
    expect(told().slice(16)).toEqual([1, 0]);
    for (let count = 0; count < 5; count++) servers.acquire('k', bob)?.destroy();
    expect(told().slice(16)).toEqual([1, 1]);
    expect(Math.max(...told())).toBe(1);
    servers.close();
  });

  test('gets none of which the system has news that nobody has read', () => {
    const { servers, idle } = lab();
    const [older, newer] = [idle(new Told()), idle(new Told())];
    vi.advanceTimersByTime(100);
    newer.news = true;
    expect(servers.acquire('k', bob)?.connection).toBe(older);
    expect(newer.destroyed).toBe(true);
  });

  test('may use it after that, and then it is for that client', () => {
    const { servers, idle } = lab();
    const connection = idle(new Told());
    vi.advanceTimersByTime(100);
    servers.acquire('k', bob)?.release();
    expect(servers.acquire('k', alice)).toBeUndefined();
    expect(servers.acquire('k', bob)?.connection).toBe(connection);
  });

  test('does not cost a client its own when it used another server in between', () => {
    const { servers, idle } = lab();
    const connection = idle(new Told());
    servers.adopt(new Told(), remote, 'other', { client: alice }).release();
    expect(servers.acquire('k', alice)?.connection).toBe(connection);
    servers.close();
  });
});

test('one that was idle for longer than asked for stays for others', () => {
  const { pool: servers } = pool();
  const connection = new FakeConnection();
  servers.adopt(connection, remote, 'k').release();
  vi.advanceTimersByTime(501);
  expect(servers.acquire('k', undefined, 500)).toBeUndefined();
  expect(servers.acquire('k', undefined, 600)?.connection).toBe(connection);
});

test('one that its server keeps no longer is closed instead', () => {
  const { pool: servers } = pool();
  const connections = [new FakeConnection(), new FakeConnection()];
  servers.adopt(connections[0]!, remote, 'k').release();
  servers.adopt(connections[1]!, remote, 'k').release(500);
  vi.advanceTimersByTime(500);
  expect(servers.acquire('k')?.connection).toBe(connections[0]);
  expect(connections[1]!.destroyed).toBe(true);
});
