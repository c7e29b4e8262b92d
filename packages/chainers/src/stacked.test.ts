import { ignoreEvents, type Connection } from '@inband/core';
import { expect, test } from 'vitest';
import { FakeNetwork, fakeSession } from '../../../test/chainers/fake-establisher.ts';
import { StackedChainer } from './stacked.ts';

function stream(): Connection & { destroyed: number } {
  return {
    local: { family: 'inet', address: '127.0.0.1', port: 40_000 },
    remote: { family: 'inet', address: '127.0.0.1', port: 80 },
    handler: ignoreEvents,
    queued: 0,
    destroyed: 0,
    write: () => true,
    pause() {},
    resume() {},
    end() {},
    destroy() {
      this.destroyed += 1;
    },
  };
}

function setUp() {
  const session = fakeSession();
  const serverStream = stream();
  session.serverStream = serverStream;
  return { session, serverStream, chainer: new StackedChainer(new FakeNetwork()) };
}

test('picks up the server stream, without waiting', async () => {
  const { session, serverStream, chainer } = setUp();
  const connection = await chainer.connectServer(session, 'x', 1);
  expect(connection.connection).toBe(serverStream);
  expect(connection).toMatchObject({ remote: serverStream.remote, local: serverStream.local, reused: false });
  expect(session.serverStream).toBeUndefined();
  expect(session.serverAddress).toBe(serverStream.remote);
});

test('a second pick-up is an error', async () => {
  const { session, chainer } = setUp();
  await chainer.connectServer(session, 'x', 1);
  await expect(chainer.connectServer(session, 'x', 1)).rejects.toMatchObject({
    code: 'proxy_internal_error',
    message: expect.stringContaining('already'),
  });
});

test('a session that is not stacked is a configuration error', async () => {
  const { chainer } = setUp();
  await expect(chainer.connectServer(fakeSession(), 'x', 1)).rejects.toMatchObject({
    code: 'proxy_configuration_error',
  });
});

test.each(['release', 'destroy'] as const)('%s closes it, once: no pool may keep it', async (how) => {
  const { session, serverStream, chainer } = setUp();
  const connection = await chainer.connectServer(session, 'x', 1);
  connection[how]();
  connection.destroy();
  expect(serverStream.destroyed).toBe(1);
});

test('nobody waits any more: it is closed', async () => {
  const { session, serverStream, chainer } = setUp();
  session.abort();
  await expect(chainer.connectServer(session, 'x', 1)).rejects.toMatchObject({ code: 'connection_terminated' });
  expect(serverStream.destroyed).toBe(1);
});
