import {
  AccessDeniedError,
  ProxyError,
  sessionWriter,
  type Chainer,
  type ChainerDeps,
  type InetAddr,
  type MaybePromise,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChainerHarness, connectTimeout, server, serverName } from './harness.ts';

/** What the chainer under test is made from. */
export interface Surroundings {
  readonly deps: ChainerDeps;
  /** Sessions must end up here. Clients ask for it as {@link serverName}, and were going there. */
  readonly server: InetAddr;
  /** Milliseconds; for a chainer that has such an option. */
  readonly connectTimeout: number;
}

export interface ChainerTraits {
  /** As the plugin says; default `client`. */
  readonly serverChosenBy?: 'client' | 'operator';
  /** It does not dial: it takes over `session.serverStream`. */
  readonly stacked?: boolean;
  /** Its servers are SOCKS5 proxies. */
  readonly speaksSocks?: boolean;
  /** What it gives is for one session only. */
  readonly releaseCloses?: boolean;
}

/** Longest time, in milliseconds, that a session may wait for a chainer whose server is silent. */
const PATIENCE = 60_000;

const denyServer = [{ action: 'deny', servers: [`${server.address}/32`] }] as const;

/**
 * What every chainer must do, whatever it is. Call it in a test file, with a function that makes the chainer;
 * a third-party chainer that passes is safe to hand sessions to.
 */
export function chainerConformance(
  name: string,
  make: (surroundings: Surroundings) => Chainer,
  traits: ChainerTraits = {},
): void {
  describe(`chainer "${name}"`, () => {
    let harness: ChainerHarness;
    let chainer: Chainer;

    beforeEach(() => {
      const { serverChosenBy = 'client', stacked = false, speaksSocks = false } = traits;
      harness = new ChainerHarness({ serverChosenBy, stacked, speaksSocks });
      chainer = make({ deps: harness.deps, server, connectTimeout });
    });

    afterEach(async () => {
      vi.useRealTimers();
      chainer.close?.();
      await harness.close();
    });

    /** Never throws: a chainer that throws synchronously fails the test here. */
    function start(session: Session, host = serverName, port = server.port): MaybePromise<ServerConnection> {
      try {
        return chainer.connectServer(session, host, port);
      } catch (error) {
        return expect.fail(`connectServer threw instead of rejecting: ${String(error)}`);
      }
    }

    test('has a kind', () => expect(chainer.kind).toMatch(/^\S+$/));

    test('gives a connected connection to the server', async () => {
      await harness.serve('echoes');
      const session = harness.session();
      const connection = await start(session);
      expect(connection.remote).toEqual(server);
      expect(connection.local).toEqual(connection.connection.local);
      expect(connection.reused).toBe(false);
      expect(session.serverAddress).toEqual(server);
      expect(await echo(connection, 'ping')).toBe('ping');
      connection.destroy();
      await harness.nothingOpen();
    });

    test("the connection is the caller's: it stays open until it is given back", async () => {
      await harness.serve('echoes');
      const connection = await start(harness.session());
      await echo(connection, 'one');
      expect(await echo(connection, 'two')).toBe('two');
      connection.destroy();
      connection.destroy();
      await harness.nothingOpen();
    });

    test('sessions at the same time do not share a connection', async () => {
      await harness.serve('echoes');
      const sessions = [harness.session(), harness.session(), harness.session()];
      const connections = await Promise.all(sessions.map(async (session) => start(session)));
      expect(new Set(connections.map((connection) => connection.connection)).size).toBe(3);
      expect(harness.accepted).toHaveLength(3);
      for (const connection of connections) connection.destroy();
    });

    test('a session that was aborted before gets nothing, and nothing stays open', async () => {
      await harness.serve('echoes');
      const session = harness.session();
      sessionWriter.abort(session);
      await failureOf(start(session));
      await harness.nothingOpen();
    });

    test.each([
      ['', 80],
      ['.', 80],
      ['a b', 80],
      ['no-such-name.example', 80],
      ['127.1', 80],
      ['::1%lo', 80],
      ['x'.repeat(1000), 80],
      [serverName, 0],
    ])('whatever the request asks for (%j, port %i), it connects or rejects with a ProxyError', async (host, port) => {
      await harness.serve('echoes');
      const outcome: unknown = await Promise.resolve(start(harness.session(), host, port)).catch(
        (error: unknown) => error,
      );
      if (isServerConnection(outcome)) outcome.destroy();
      else expect(outcome).toBeInstanceOf(ProxyError);
      await harness.nothingOpen();
    });

    test('what was released is not handed to anybody in use', async () => {
      await harness.serve('echoes');
      const first = await start(harness.session());
      first.release();
      const [second, third] = [await start(harness.session()), await start(harness.session())];
      expect(second.connection).not.toBe(third.connection);
      second.destroy();
      third.destroy();
    });

    if (traits.stacked === true) {
      test('a second pick-up in one session is an error', async () => {
        const session = harness.session();
        const connection = await start(session);
        expect(await failureOf(start(session))).toMatchObject({ code: 'proxy_internal_error' });
        expect(await echo(connection, 'still there')).toBe('still there');
        connection.destroy();
      });

      test('a released connection waits for the next session of the same client connection, and for no other', async () => {
        const session = harness.session();
        const first = await start(session);
        await echo(first, 'one');
        first.release();
        const other = await start(harness.session());
        expect(other.connection).not.toBe(first.connection);
        const second = await start(harness.sessionAfter(session));
        expect(second.connection).toBe(first.connection);
        expect(second.reused).toBe(true);
        expect(await echo(second, 'two')).toBe('two');
        second.release();
        other.destroy();
        harness.clientsGone();
        await harness.nothingOpen();
      });

      test('once it was destroyed, the client connection has no server any more', async () => {
        const session = harness.session();
        (await start(session)).destroy();
        expect(await failureOf(start(harness.sessionAfter(session)))).toMatchObject({ code: 'connection_terminated' });
      });

      test('a denial is an AccessDeniedError, and the next session may still pick up what is there', async () => {
        const session = harness.session(denyServer);
        const error = await failureOf(start(session));
        expect(error).toBeInstanceOf(AccessDeniedError);
        expect(error.address).toEqual(server);
        const connection = await start(harness.sessionAfter(session));
        expect(await echo(connection, 'still there')).toBe('still there');
        connection.destroy();
      });
      return;
    }

    if (traits.releaseCloses === true) {
      test('a released connection closes', async () => {
        await harness.serve('echoes');
        const connection = await start(harness.session());
        await echo(connection, 'one');
        connection.release();
        await harness.nothingOpen();
      });
    } else {
      test('a released connection serves the next session', async () => {
        await harness.serve('echoes');
        const first = await start(harness.session());
        await echo(first, 'one');
        first.release();
        const second = await start(harness.session());
        expect(second.connection).toBe(first.connection);
        expect(second.reused).toBe(true);
        expect(await echo(second, 'two')).toBe('two');
        second.destroy();
        expect(harness.accepted).toHaveLength(1);
      });

      test('a denied session does not ride on a connection that another was allowed', async () => {
        await harness.serve('echoes');
        (await start(harness.session())).release();
        expect(await failureOf(start(harness.session(denyServer)))).toBeInstanceOf(AccessDeniedError);
        expect(harness.pool.idle).toBe(1);
      });
    }

    test('a session that may not reuse gets a fresh connection', async () => {
      await harness.serve('echoes');
      (await start(harness.session())).release();
      const session = harness.session();
      session.requireFreshServer();
      const connection = await start(session);
      expect(connection.reused).toBe(false);
      connection.destroy();
    });

    test('a denial is an AccessDeniedError, and nothing is dialled', async () => {
      await harness.serve('echoes');
      const session = harness.session(denyServer);
      const error = await failureOf(start(session));
      expect(error).toBeInstanceOf(AccessDeniedError);
      expect(error.address).toEqual(server);
      expect(session.serverAddress).toEqual(server);
      expect(harness.network.dialled).toEqual([]);
    });

    test('a denial of one session does not keep the next from connecting', async () => {
      await harness.serve('echoes');
      await failureOf(start(harness.session(denyServer)));
      (await start(harness.session())).destroy();
    });

    test('a refused connection is reported with the address, and nothing stays open', async () => {
      await harness.serve('refuses');
      expect(await failureOf(start(harness.session()))).toMatchObject({ code: 'connection_refused', address: server });
      await harness.nothingOpen();
    });

    test('an unreachable server is reported, and nothing stays open', async () => {
      await harness.serve('is-unreachable');
      const error = await failureOf(start(harness.session()));
      expect(error).toMatchObject({ code: 'destination_ip_unroutable', fault: 'server' });
      await harness.nothingOpen();
    });

    test('after a failure, the server is connected to when it is back', async () => {
      await harness.serve('refuses');
      await failureOf(start(harness.session()));
      await harness.serve('echoes');
      (await start(harness.session())).destroy();
    });

    test('a silent server is given up in bounded time, and nothing stays open', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
      await harness.serve('is-silent');
      const failure = failureOf(start(harness.session()));
      await dialled(harness);
      await vi.advanceTimersByTimeAsync(PATIENCE);
      expect(await failure).toMatchObject({ fault: 'server', retry: true });
      expect(vi.getTimerCount()).toBe(0);
      vi.useRealTimers();
      await harness.nothingOpen();
    });

    test('a session aborted while connecting rejects at once, and nothing stays open', async () => {
      await harness.serve('is-silent');
      const session = harness.session();
      const failure = failureOf(start(session));
      await dialled(harness);
      sessionWriter.abort(session);
      await failure;
      await harness.nothingOpen();
    });

    test('a session aborted while its connection arrives: it is handed over, or nothing stays open', async () => {
      await harness.serve('echoes');
      const session = harness.session();
      const result = start(session);
      const outcome = Promise.resolve(result).catch((error: unknown) => error);
      await vi.waitUntil(() => harness.accepted.length > 0, { timeout: 15_000 });
      sessionWriter.abort(session);
      const connection: unknown = await outcome;
      if (isServerConnection(connection)) connection.destroy();
      else expect(connection).toBeInstanceOf(ProxyError);
      await harness.nothingOpen();
    });
  });
}

async function failureOf(result: MaybePromise<ServerConnection>): Promise<ProxyError> {
  const outcome: unknown = await Promise.resolve(result).catch((error: unknown) => error);
  if (!(outcome instanceof ProxyError)) return expect.fail(`expected a ProxyError, got ${String(outcome)}`);
  return outcome;
}

function isServerConnection(value: unknown): value is ServerConnection {
  return typeof value === 'object' && value !== null && 'connection' in value && 'release' in value;
}

async function dialled(harness: ChainerHarness): Promise<void> {
  while (harness.network.dialled.length === 0) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends `text` to the echoing server, and gives what came back once that is as long. */
function echo({ connection }: ServerConnection, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    connection.handler = {
      data(bytes, start, end) {
        received += bytes.toString('latin1', start, end);
        if (received.length < text.length) return;
        connection.pause();
        resolve(received);
      },
      drained() {},
      ended: () => reject(new Error('The server ended the connection.')),
      closed: (error) => reject(error ?? new Error('The connection closed.')),
    };
    connection.resume();
    connection.write(Buffer.from(text, 'latin1'));
  });
}
