import { ServerStream, Session, type ServerConnection } from '@inband/core';
import { expect, test } from 'vitest';
import { FakeNetwork, FakeServerConnection, fakeDeps, fakeSession } from '../../../test/chainers/fake-establisher.ts';
import { ChainerHarness } from '../../../test/chainers/harness.ts';
import { stackedPlugin, StackedChainer } from './stacked.ts';

/** A chainer, and a session that an outer proxy has left a server's side for. */
function setUp() {
  const harness = new ChainerHarness({ serverChosenBy: 'client', stacked: true });
  return { harness, session: harness.session(), chainer: new StackedChainer(harness.deps) };
}

test('picks up the server stream, without waiting', async () => {
  const { harness, session, chainer } = setUp();
  const connection = chainer.connectServer(session, 'x', 1) as ServerConnection;
  expect(connection.connection.remote).toBe(session.serverStream?.remote);
  expect(connection).toMatchObject({ remote: session.serverStream?.remote, reused: false });
  expect(session.serverAddress).toBe(session.serverStream?.remote);
  connection.destroy();
  await harness.close();
});

test('a second pick-up is an error', async () => {
  const { harness, session, chainer } = setUp();
  const connection = await chainer.connectServer(session, 'x', 1);
  await expect(chainer.connectServer(session, 'x', 1)).rejects.toMatchObject({
    code: 'proxy_internal_error',
    message: expect.stringContaining('already'),
  });
  connection.destroy();
  await harness.close();
});

test('a session that is not stacked is a configuration error', async () => {
  const chainer = new StackedChainer(new FakeNetwork());
  await expect(chainer.connectServer(fakeSession(), 'x', 1)).rejects.toMatchObject({
    code: 'proxy_configuration_error',
    setting: 'chainer.type',
  });
});

test('the stream of the session around it is not touched: each has its own', () => {
  const outer = fakeSession();
  const server = new FakeServerConnection({ family: 'inet', address: '127.0.0.1', port: 80 }, false);
  const stream = new ServerStream(outer, server, () => {});
  const session = new Session({ ...outer.client, serverStream: stream }, outer.service);
  expect([outer.serverStream, session.serverStream, session.parent]).toEqual([undefined, stream, outer]);
  expect(stackedPlugin.create({}, fakeDeps(new FakeNetwork())).kind).toBe('none');
});
