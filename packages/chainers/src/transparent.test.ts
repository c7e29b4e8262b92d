import { isPromise } from '@inband/core';
import { expect, test } from 'vitest';
import { fakeDeps, FakeNetwork, fakeSession } from '../../../test/chainers/fake-establisher.ts';
import { TransparentChainer, transparentPlugin } from './transparent.ts';

const destination = { family: 'inet', address: '127.0.0.1', port: 80 } as const;

function setUp() {
  return new FakeNetwork().on('127.0.0.1:80', { does: 'idle' }).on('127.0.0.1:8080', { does: 'idle' });
}

test('connects to where the client was going, whatever the request says', () => {
  const network = setUp();
  const chainer = new TransparentChainer({}, network);
  expect(isPromise(chainer.connectServer(fakeSession(destination), 'elsewhere.example', 9999))).toBe(false);
  expect(network.calls[0]!.remote).toBe(destination);
  expect(chainer).toMatchObject({ kind: 'transparent', local: undefined, forgeAddr: false, forcedPort: 0 });
});

test('port 0 means the port that the client originally addressed', () => {
  const network = setUp();
  void new TransparentChainer({ forcedPort: 0 }, network).connectServer(fakeSession(destination), 'x', 8080);
  expect(network.attempted).toEqual(['127.0.0.1:80']);
});

test('forcedPort replaces the port only', () => {
  const network = setUp();
  void new TransparentChainer({ forcedPort: 8080 }, network).connectServer(fakeSession(destination), 'x', 1);
  expect(network.attempted).toEqual(['127.0.0.1:8080']);
});

test('a session of a listener that is not transparent is refused, with what is missing', async () => {
  const network = setUp();
  await expect(new TransparentChainer({}, network).connectServer(fakeSession(), 'x', 1)).rejects.toMatchObject({
    code: 'proxy_configuration_error',
    message: expect.stringContaining('transparent: redirect'),
  });
  expect(network.calls).toEqual([]);
});

test('a destination of another family than local is unreachable', async () => {
  const local = { family: 'inet6', address: '::1', port: 0 } as const;
  const chainer = new TransparentChainer({ local }, setUp());
  await expect(chainer.connectServer(fakeSession(destination), 'x', 1)).rejects.toMatchObject({
    code: 'destination_ip_unroutable',
    address: destination,
  });
});

test('a configuration that asks for forgeAddr is refused at start-up where it cannot work', () => {
  const options = { forgeAddr: true, connectTimeout: 1, forcedPort: 0 };
  expect(() => transparentPlugin.create(options, fakeDeps(setUp(), undefined, 'It cannot.'))).toThrow('It cannot.');
  expect(transparentPlugin.create(options, fakeDeps(setUp()))).toMatchObject({ forgeAddr: true });
});
