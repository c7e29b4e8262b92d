import { ProxyError, type Chainer, type ServerFailure, type Session, type SessionOutcome } from '@inband/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { passTime, passTimeUntil } from '../../../core/test-support/passing-time.ts';
import { useHarness } from '../../test-support/use-harness.ts';
import type { Peer } from '../../test-support/harness.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());
const setUpHarness = useHarness();
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

interface Plan {
  /** The second server is not reached. */
  readonly unreachable?: boolean;
  /** The second server is connected to only then. */
  readonly second?: Promise<void>;
  /** The chainer has a second server. */
  readonly has?: boolean;
  /** Answers with 503, and tries that take so many milliseconds, are to be followed by another server. */
  readonly retries?: { readonly timeout: number | undefined };
  /** What the chainer says when it is asked for another server. */
  readonly says?: boolean;
}

async function setUp({ unreachable = false, second, has = true, retries, says = true }: Plan = {}) {
  const failures: ServerFailure[] = [];
  const outcomes = new Map<Session, SessionOutcome>();
  const sessions: Session[] = [];
  let won = 0;
  const h = await setUpHarness({
    route(_query, { name, chainer: usual }) {
      const chainer: Chainer = {
        kind: 'hedging',
        hedging: {
          delay: 20,
          begin: () => has,
          won: () => void (won += 1),
        },
        connectServer(session, ...target) {
          sessions.push(session);
          if (second !== undefined && sessions.length === 2)
            return second.then(() => usual.connectServer(session, ...target));
          if (!unreachable || sessions.length === 1) return usual.connectServer(session, ...target);
          return Promise.reject(new ProxyError('connection_refused', 'Not there.'));
        },
        serverFailed: (_session, failure) => failures.push(failure) > 0 && says,
        retriedFailures: retries && { statuses: new Set([503]), ...retries },
        sessionEnded: (session, outcome) => void outcomes.set(session, outcome),
      };
      return { name, chainer };
    },
  });
  const client = h.client();
  /** How the sessions ended, in the order in which they began. */
  const ends = () => sessions.map((session) => outcomes.get(session));
  return { h, client, sessions, ends, failures, won: () => won };
}

async function asked(server: Promise<Peer>): Promise<Peer> {
  const peer = await passTimeUntil(server);
  await peer.receive('\r\n\r\n');
  return peer;
}

async function gone(peer: Peer): Promise<void> {
  await passTimeUntil(peer.until(() => peer.hasEnded || peer.isClosed));
}

/** Lets the time pass until `check` passes. */
async function until(check: () => void): Promise<void> {
  const isMet = () => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };
  await passTime(5_000, isMet);
  check();
}

test('a request without an answer goes to a second server, whose answer counts if it comes first', async () => {
  const { h, client, sessions, ends, won } = await setUp();
  client.send(GET);
  const first = await asked(h.server());
  (await asked(h.server())).send(OK);
  await client.receive('ok');
  await gone(first);
  expect(won()).toBe(1);
  expect(ends()).toMatchObject([{ status: 200 }, { status: 0, error: undefined }]);
  expect(sessions.map(({ aborted }) => aborted)).toEqual([false, true]);
  expect(h.records).toMatchObject([{ session: sessions[0], status: 200, error: undefined, retries: ['hedge'] }]);
});

test('the first server is given up only for an answer', async () => {
  const { h, client, ends, won } = await setUp();
  client.send(GET);
  const first = await asked(h.server());
  const second = await asked(h.server());
  second.send('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200');
  first.send(OK);
  await client.receive('ok');
  await gone(second);
  expect([won(), ends().length]).toEqual([0, 2]);
  expect(ends()).toMatchObject([{ status: 200 }, { status: 0, error: undefined }]);
});

test.each([
  ['answers that it has failed', (peer: Peer) => peer.send(OK.replace('200 OK', '503 Busy')), undefined],
  ['closes without an answer', (peer: Peer) => peer.connection.destroy(), 'connection_terminated'],
  ['answers what is no HTTP', (peer: Peer) => peer.send('SSH-2.0\r\n\r\n'), 'http_protocol_error'],
] as const)('a second server that %s changes nothing', async (_how, act, code) => {
  const { h, client, ends } = await setUp();
  client.send(GET);
  const first = await asked(h.server());
  const second = await asked(h.server());
  act(second);
  await gone(second);
  first.send(OK);
  await client.receive('ok');
  expect(ends()[1]?.error?.code).toBe(code);
});

test('a second server that is not reached, or not there, changes nothing', async () => {
  for (const plan of [{ unreachable: true }, { has: false }]) {
    const { h, client, sessions } = await setUp(plan);
    client.send(GET);
    const first = await asked(h.server());
    await passTime(40);
    first.send(OK);
    await client.receive('ok');
    expect([h.dialled, sessions.length]).toEqual([1, plan.has === false ? 1 : 2]);
    expect(h.records[0]?.retries).toEqual(plan.has === false ? undefined : ['hedge']);
  }
});

test('both servers are let go where the client goes away', async () => {
  const { h, client } = await setUp();
  client.send(GET);
  const servers = [await asked(h.server()), await asked(h.server())];
  client.connection.destroy(new Error('reset'));
  await Promise.all(servers.map(gone));
});

const BUSY = OK.replace('200 OK', '503 Busy');

test.each([
  ['closes', (peer: Peer) => peer.connection.destroy(), 'reset'],
  ['closes in the middle of its head', cutHead, 'reset'],
  ['answers what is no HTTP', (peer: Peer) => peer.send('SSH-2.0\r\n\r\n'), 'reset'],
  ['answers a status that is retried', (peer: Peer) => peer.send(BUSY), 'status'],
  ['takes longer than one try may', () => undefined, 'timeout'],
] as const)(
  'where the first server %s, the second one goes on alone, and no other is asked',
  async (_how, act, cause) => {
    const { h, client, ends, won, failures } = await setUp({
      retries: { timeout: cause === 'timeout' ? 500 : undefined },
    });
    client.send(GET);
    const first = await asked(h.server());
    const second = await asked(h.server());
    act(first);
    if (cause !== 'status') await gone(first);
    await until(() => expect(won()).toBe(1));
    second.send(OK);
    expect(await client.receive('ok')).toMatch(/^HTTP\/1.1 200 /);
    await gone(first);
    // The chainer is told, and not asked for another server.
    expect(failures).toMatchObject([{ cause, mayRepeat: false }]);
    expect(ends()).toMatchObject([{ status: 200, error: undefined }, { status: 0 }]);
    expect(h.dialled).toBe(2);
  },
);

test('where the second server is lost as well, the usual rules hold', async () => {
  const { h, client, failures } = await setUp();
  client.send(GET);
  const first = await asked(h.server());
  const second = await asked(h.server());
  first.connection.destroy();
  await until(() => expect(failures).toHaveLength(1));
  second.connection.destroy();
  (await asked(h.server())).send(OK);
  await client.receive('ok');
  expect(failures).toMatchObject([
    { cause: 'reset', mayRepeat: false },
    { cause: 'reset', mayRepeat: true },
  ]);
});

test.each([
  ['closes', (peer: Peer) => peer.connection.destroy()],
  ['answers what is no HTTP', (peer: Peer) => peer.send('SSH-2.0\r\n\r\n')],
] as const)('the kept answer of the first server is given where the second one %s', async (_how, act) => {
  const { h, client, ends } = await setUp({ retries: { timeout: undefined }, says: false });
  client.send(GET);
  const first = await asked(h.server());
  const second = await asked(h.server());
  first.send(BUSY);
  await until(() => expect(ends()[1]).toBeDefined());
  act(second);
  expect(await client.receive('ok')).toMatch(/^HTTP\/1.1 503 /);
});

test.each([
  ['closes', (peer: Peer) => peer.connection.destroy(), 'reset'],
  ['answers what is no HTTP', (peer: Peer) => peer.send('SSH-2.0\r\n\r\n'), 'reset'],
  ['answers a status that is retried', (peer: Peer) => peer.send(BUSY), 'status'],
  ['takes longer than one try may', () => undefined, 'timeout'],
] as const)(
  'where the first server %s, a second one that is still connected to gets the request',
  async (_how, act, cause) => {
    const connection = Promise.withResolvers<void>();
    const { h, client, sessions, ends, won, failures } = await setUp({
      retries: { timeout: cause === 'timeout' ? 200 : undefined },
      second: connection.promise,
    });
    client.send(GET);
    const first = await asked(h.server());
    await until(() => expect(sessions).toHaveLength(2));
    act(first);
    await until(() => expect(failures).toMatchObject([{ cause }]));
    if (cause !== 'status') await gone(first);
    expect(won()).toBe(0);
    connection.resolve();
    (await asked(h.server())).send(OK);
    expect(await client.receive('ok')).toMatch(/^HTTP\/1.1 200 /);
    await gone(first);
    expect([won(), sessions.length, h.dialled]).toEqual([1, 2, 2]);
    expect(ends()).toMatchObject([
      { status: 200, error: undefined },
      { status: 0, error: undefined },
    ]);
  },
);

test.each([
  ['the client gets the error of the first one', (peer: Peer) => peer.connection.destroy(), false, /^HTTP\/1.1 502 /],
  ['the client gets the answer that was kept', (peer: Peer) => peer.send(BUSY), false, /^HTTP\/1.1 503 /],
  ['a third one is asked', (peer: Peer) => peer.connection.destroy(), true, /^HTTP\/1.1 200 /],
] as const)('where a second server that is waited for is not reached, %s', async (_what, act, says, answer) => {
  const connection = Promise.withResolvers<void>();
  const { h, client, sessions, failures } = await setUp({
    retries: { timeout: undefined },
    second: connection.promise,
    says,
  });
  client.send(GET);
  const first = await asked(h.server());
  await until(() => expect(sessions).toHaveLength(2));
  act(first);
  await until(() => expect(failures).toHaveLength(1));
  connection.reject(new ProxyError('connection_refused', 'Not there.'));
  if (says) (await asked(h.server())).send(OK);
  expect(await client.receive('\r\n\r\n')).toMatch(answer);
  expect([h.dialled, failures.length]).toEqual([says ? 2 : 1, 1]);
});

test('a second server that is waited for is let go where the client goes away', async () => {
  const connection = Promise.withResolvers<void>();
  const { h, client, sessions, failures, ends } = await setUp({ second: connection.promise, says: false });
  client.send(GET);
  const first = await asked(h.server());
  await until(() => expect(sessions).toHaveLength(2));
  first.connection.destroy();
  await until(() => expect(failures).toHaveLength(1));
  client.connection.destroy(new Error('reset'));
  await until(() => expect(ends()).toMatchObject([{ status: 0 }, { status: 0 }]));
  connection.resolve();
  await passTime(20);
  expect([h.dialled, sessions.length]).toEqual([1, 2]);
});

test('both servers are let go where the client goes away while the second one goes on alone', async () => {
  const { h, client, won } = await setUp({ retries: { timeout: undefined } });
  client.send(GET);
  const first = await asked(h.server());
  const second = await asked(h.server());
  first.send(BUSY);
  await until(() => expect(won()).toBe(1));
  client.connection.destroy(new Error('reset'));
  await Promise.all([first, second].map(gone));
});

function cutHead(peer: Peer): void {
  peer.send('HTTP/1.1 200');
  peer.connection.end();
}

test.each([
  'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi',
  'GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: mine\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: h\r\nAuthorization: NTLM TlRMTVNTUAAB\r\n\r\n',
])('%j is never sent to two servers', async (request) => {
  const { h, client } = await setUp();
  client.send(request);
  const first = await asked(h.server());
  await passTime(40);
  first.send(OK);
  await client.receive('ok');
  expect(h.dialled).toBe(1);
});
