import type { Route, Session, SessionOutcome } from '@inband/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { HarnessOptions } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const setUpHarness = useHarness();

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A proxy whose chainer notes which sessions it has, and how they ended. */
async function setUp(options: HarnessOptions = {}) {
  const outcomes: SessionOutcome[] = [];
  const open = new Set<Session>();
  let noted: Route | undefined;
  const route: HarnessOptions['route'] = (_query, usual) => {
    const { chainer } = usual;
    noted ??= {
      ...usual,
      chainer: {
        kind: 'noting',
        connectServer(session, host, port) {
          open.add(session);
          return chainer.connectServer(session, host, port);
        },
        sessionEnded(session, outcome) {
          expect(open.delete(session)).toBe(true);
          outcomes.push(outcome);
        },
      },
    };
    return noted;
  };
  return { h: await setUpHarness({ route, ...options }), outcomes, open };
}

test('a chainer hears once of the end of a session that was answered, with the time to its answer', async () => {
  for (const isLogged of [true, false]) {
    const { h, outcomes, open } = await setUp({ isLogged });
    const client = h.client();
    client.send(GET);
    (await h.server()).send(OK);
    await client.answered();
    expect(outcomes).toEqual([{ status: 200, wait: expect.any(Number), error: undefined, reused: false }]);
    expect(open.size).toBe(0);
  }
});

test.each([
  [
    'throws',
    () => {
      throw new Error('a defect');
    },
  ],
  ['rejects', () => Promise.reject(new Error('a defect'))],
])('a chainer that %s when it hears of the end is a warning, and its clients are answered', async (_, sessionEnded) => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  let defective: Route | undefined;
  const h = await setUpHarness({
    route: (_query, usual) =>
      (defective ??= {
        ...usual,
        chainer: {
          kind: 'defective',
          connectServer: (session, host, port) => usual.chainer.connectServer(session, host, port),
          sessionEnded,
        },
      }),
  });
  for (let number = 0; number < 2; number += 1) {
    const client = h.client();
    client.send(GET);
    (await h.server()).send(OK.replace('\r\n', '\r\nConnection: close\r\n'));
    await client.answered();
  }
  const told = 'sessionEnded of the chainer "defective" threw: a defect';
  expect(warn.mock.calls).toEqual([[told, 'InbandWarning']]);
});

test('of one that is sent again because an idle connection was closed it hears once, too', async () => {
  const { h, outcomes, open } = await setUp();
  const client = h.client();
  client.send(GET);
  const first = await h.server();
  await first.until(() => first.received !== '');
  first.send(OK);
  await client.answered();
  client.received = '';
  // The answer to the second request is the end of the connection.
  first.received = '';
  client.send(GET);
  await first.until(() => first.received !== '');
  first.connection.destroy();
  (await h.server()).send(OK);
  await client.answered();
  expect(outcomes).toHaveLength(2);
  expect(open.size).toBe(0);
});

test('of a request that may not be sent twice it hears that its connection had been idle', async () => {
  const { h, outcomes } = await setUp();
  const client = h.client();
  client.send(GET);
  const first = await h.server();
  await first.until(() => first.received !== '');
  first.send(OK);
  await client.answered();
  client.received = first.received = '';
  client.send(GET.replace('GET', 'POST'));
  await first.until(() => first.received !== '');
  first.connection.destroy();
  await client.answered();
  expect(outcomes[1]).toMatchObject({ error: { code: 'connection_terminated' }, wait: undefined, reused: true });
});

test.each([
  ['CONNECT', 'CONNECT h:8000 HTTP/1.1\r\nHost: h:8000\r\n\r\n', '', 'forward'],
  [
    'upgrade',
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: mine\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: mine\r\n\r\n',
    'reverse',
  ],
] as const)('of a tunnel it hears when that ends: %s', async (_name, request, answer, mode) => {
  const { h, outcomes, open } = await setUp({ mode });
  const client = h.client();
  client.send(request);
  const server = await h.server();
  if (answer !== '') {
    await server.until(() => server.received !== '');
    server.send(answer);
  }
  await client.until(() => client.received.includes('\r\n\r\n'));
  expect(client.received).toMatch(/ (?:200|101) /);
  expect(open.size).toBe(1);
  server.connection.end();
  client.connection.end();
  await client.closed();
  expect(outcomes).toHaveLength(1);
  expect(open.size).toBe(0);
});

test.each(['before', 'in the middle of'])('of a client that goes %s its answer it hears', async (when) => {
  const { h, outcomes, open } = await setUp();
  const client = h.client();
  client.send(GET);
  const server = await h.server();
  await server.until(() => server.received !== '');
  if (when !== 'before') {
    server.send(OK.slice(0, -1));
    await client.until(() => client.received !== '');
  }
  client.connection.destroy(new Error('reset'));
  await server.until(() => server.hasEnded || server.isClosed);
  server.connection.destroy();
  expect(outcomes).toHaveLength(1);
  expect(open.size).toBe(0);
});
