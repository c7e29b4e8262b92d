import { ProxyError, sessionWriter, type Chainer, type ClientConnection, type ProtocolProxy } from '@inband/core';
import { expect, test } from 'vitest';
import { FakeServerConnection, fakeSession } from '../../../test/chainers/fake-establisher.ts';
import { SidestackChainer } from './sidestack.ts';

const remote = { family: 'inet', address: '192.0.2.1', port: 80 } as const;

function setUp(connect: Chainer['connectServer']) {
  const accepted: ClientConnection[] = [];
  const proxy: ProtocolProxy = {
    open: 0,
    accept: (client) => void accepted.push(client),
    drain: () => Promise.resolve(),
    close() {},
  };
  const asked: [string, number][] = [];
  const nested: Chainer = {
    kind: 'nested',
    connectServer(session, host, port) {
      asked.push([host, port]);
      return connect(session, host, port);
    },
  };
  const chainer = new SidestackChainer({ service: 'inner', chainer: nested }, { proxies: new Map([['inner', proxy]]) });
  return { chainer, nested, accepted, asked };
}

test('hands the hints on to the nested chainer, and stacks the service over what that gives', async () => {
  const server = new FakeServerConnection(remote, false);
  for (const give of [() => server, () => Promise.resolve(server)]) {
    const { chainer, accepted, asked } = setUp(give);
    const session = fakeSession();
    const connection = await chainer.connectServer(session, 'shop.example', 80);
    expect(asked).toEqual([['shop.example', 80]]);
    expect(connection).toMatchObject({ remote, reused: false });
    expect(accepted).toMatchObject([{ address: session.client.address, originalDestination: remote }]);
    expect(accepted[0]?.serverStream?.session).toBe(session);
    // What is stacked could not ask for another connection in place of a dead idle one.
    expect(session.mayReuse).toBe(false);
    connection.destroy();
  }
});

test('what the nested chainer has to do with requests and answers is its own, too', () => {
  const { chainer, nested } = setUp(() => new FakeServerConnection(remote, false));
  expect([chainer.looksAtRequest, chainer.ownCookie, chainer.answerFields]).toEqual([false, undefined, undefined]);
  const fields = [['Set-Cookie', 'srv=a']] as const;
  const more = { looksAtRequest: true, ownCookie: 'srv', answerFields: () => fields };
  const outer = new SidestackChainer({ service: 'inner', chainer: { ...nested, ...more } }, { proxies: new Map() });
  expect([outer.looksAtRequest, outer.ownCookie]).toEqual([true, 'srv']);
  expect(outer.answerFields?.(fakeSession())).toBe(fields);
});

test('the nested chainer hears of failures of its servers, and of the end of its sessions', () => {
  const { nested } = setUp(() => new FakeServerConnection(remote, false));
  const retriedFailures = { statuses: new Set([503]), timeout: undefined };
  const told: unknown[] = [];
  const more: Partial<Chainer> = {
    retriedFailures,
    serverFailed: (_session, failure) => told.push(failure) === 1,
    sessionEnded: (_session, outcome) => void told.push(outcome),
  };
  const outer = new SidestackChainer({ service: 'inner', chainer: { ...nested, ...more } }, { proxies: new Map() });
  const failure = { cause: 'status', status: 503, mayRepeat: true } as const;
  const outcome = { status: 503, wait: 1, error: undefined, reused: false };
  expect([1, 2].map(() => outer.serverFailed(fakeSession(), failure))).toEqual([true, false]);
  outer.sessionEnded(fakeSession(), outcome);
  expect([outer.retriedFailures, told]).toEqual([retriedFailures, [failure, failure, outcome]]);
  const plain = new SidestackChainer({ service: 'inner', chainer: nested }, { proxies: new Map() });
  expect([plain.retriedFailures, plain.serverFailed(fakeSession(), failure)]).toEqual([undefined, false]);
});

test("the nested chainer's error passes through unchanged", async () => {
  const error = new ProxyError('connection_refused', 'Nobody there.');
  const { chainer, accepted } = setUp(() => Promise.reject(error));
  await expect(chainer.connectServer(fakeSession(), 'x', 1)).rejects.toBe(error);
  expect(accepted).toEqual([]);
});

test('a session that was aborted meanwhile starts nothing, and the server connection closes', async () => {
  const session = fakeSession();
  const server = new FakeServerConnection(remote, false);
  const { chainer, accepted } = setUp(async () => {
    sessionWriter.abort(session);
    return server;
  });
  await expect(chainer.connectServer(session, 'x', 1)).rejects.toMatchObject({ code: 'connection_terminated' });
  expect([accepted, server.state]).toEqual([[], 'destroyed']);
});

test('a service that does not exist is a configuration error, and the server connection closes', async () => {
  const server = new FakeServerConnection(remote, false);
  const { nested } = setUp(() => server);
  const chainer = new SidestackChainer({ service: 'nowhere', chainer: nested }, { proxies: new Map() });
  await expect(chainer.connectServer(fakeSession(), 'x', 1)).rejects.toMatchObject({
    code: 'proxy_configuration_error',
    setting: 'chainer.service',
  });
  expect(server.state).toBe('destroyed');
});
