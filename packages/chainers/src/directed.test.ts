import { isPromise } from '@inband/core';
import { expect, test } from 'vitest';
import { fakeDeps, FakeNetwork, FakeResolver, fakeSession } from '../../../test/chainers/fake-establisher.ts';
import { DirectedChainer, directedOptions, directedPlugin } from './directed.ts';

function setUp() {
  const network = new FakeNetwork().on('127.0.0.1:80', { does: 'idle' }).on('unix:/run/a.sock', { does: 'idle' });
  const resolver = new FakeResolver({ 'a.example': ['127.0.0.1'] });
  return { network, deps: { establishConnection: network.establishConnection, resolver } };
}

test('connects to its remote, synchronously if it can, whatever the request says', () => {
  const { network, deps } = setUp();
  const remote = { family: 'inet', address: '127.0.0.1', port: 80 } as const;
  const chainer = new DirectedChainer({ remote }, deps);
  expect(isPromise(chainer.connectServer(fakeSession(), 'elsewhere.example', 9999))).toBe(false);
  expect(network.calls[0]!.remote).toBe(remote);
  expect(chainer).toMatchObject({ kind: 'directed', remote, local: undefined, forgeAddr: false });
});

test('connects to a Unix socket', () => {
  const { network, deps } = setUp();
  void new DirectedChainer({ remote: { family: 'unix', path: '/run/a.sock' } }, deps).connectServer(
    fakeSession(),
    'x',
    1,
  );
  expect(network.attempted).toEqual(['unix:/run/a.sock']);
});

test('a name is resolved when a connection is made, an address never', async () => {
  const { network, deps } = setUp();
  const chainer = new DirectedChainer({ remote: { host: 'A.example', port: 80 } }, deps);
  expect(chainer.remote).toEqual({ host: 'a.example', port: 80 });
  await chainer.connectServer(fakeSession(), 'x', 1);
  expect(network.attempted).toEqual(['127.0.0.1:80']);
  expect(new DirectedChainer({ remote: { host: '127.0.0.1', port: 80 } }, deps).remote).toHaveProperty(
    'family',
    'inet',
  );
});

test('the same address object is dialled every time', () => {
  const { network, deps } = setUp();
  const chainer = new DirectedChainer({ remote: { host: '127.0.0.1', port: 80 } }, deps);
  void chainer.connectServer(fakeSession(), 'x', 1);
  void chainer.connectServer(fakeSession(), 'x', 1);
  expect(network.calls[0]!.remote).toBe(network.calls[1]!.remote);
});

test.each([
  ['a name that is none', { host: 'a..example', port: 80 }, 'chainer.remote'],
  ['an address of another family than local', { family: 'inet6', address: '::1', port: 80 } as const, 'chainer.local'],
  ['a Unix socket with local', { family: 'unix', path: '/run/a.sock' } as const, 'chainer.local'],
])('%s is a configuration error', (_name, remote, setting) => {
  const local = { family: 'inet', address: '127.0.0.9', port: 0 } as const;
  expect(() => new DirectedChainer({ remote, local }, setUp().deps)).toThrow(
    expect.objectContaining({ code: 'proxy_configuration_error', setting }),
  );
});

test('a configuration that asks for forgeAddr is refused at start-up where it cannot work', () => {
  const options = directedOptions.parse({ remote: 'a.example:80', forgeAddr: true });
  const { network } = setUp();
  expect(() => directedPlugin.create(options, fakeDeps(network, undefined, 'It cannot.'))).toThrow('It cannot.');
  expect(directedPlugin.create(options, fakeDeps(network))).toMatchObject({ forgeAddr: true });
});

test('a unix socket with forgeAddr is a configuration error', () => {
  const remote = { family: 'unix', path: '/run/a.sock' } as const;
  expect(() => new DirectedChainer({ remote, forgeAddr: true }, fakeDeps(setUp().network))).toThrow(
    expect.objectContaining({ code: 'proxy_configuration_error', setting: 'chainer.forgeAddr' }),
  );
});
