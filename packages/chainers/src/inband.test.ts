import { isPromise } from '@inband/core';
import { expect, test } from 'vitest';
import { fakeDeps, FakeNetwork, FakeResolver, fakeSession } from '../../../test/chainers/fake-establisher.ts';
import { inbandPlugin } from './inband-plugin.ts';
import { InbandChainer } from './inband.ts';

const network = () => new FakeNetwork().on('127.0.0.1:8080', { does: 'idle' });

test('connects to the host and port of the request, from the local address, within the timeout', () => {
  const { establishConnection, calls } = network();
  const local = { family: 'inet', address: '127.0.0.9', port: 0 } as const;
  const chainer = new InbandChainer(
    { local, connectTimeout: 500 },
    { establishConnection, resolver: new FakeResolver({}) },
  );
  expect(isPromise(chainer.connectServer(fakeSession(), '127.0.0.1', 8080))).toBe(false);
  expect(calls[0]).toMatchObject({ local, how: { forgeAddr: false, connectTimeout: 500 } });
  expect(chainer).toMatchObject({ kind: 'inband', local, forgeAddr: false });
});

test('a name is resolved', async () => {
  const { establishConnection } = network();
  const resolver = new FakeResolver({ 'a.example': ['127.0.0.1'] }, { cached: false });
  const chainer = new InbandChainer({}, { establishConnection, resolver });
  const { remote } = await chainer.connectServer(fakeSession(), 'a.example', 8080);
  expect(remote).toEqual({ family: 'inet', address: '127.0.0.1', port: 8080 });
  expect(resolver.asked).toEqual(['a.example']);
});

test('forgeAddr is handed on', () => {
  const { establishConnection, calls } = network();
  const chainer = new InbandChainer({ forgeAddr: true }, { establishConnection, resolver: new FakeResolver({}) });
  void chainer.connectServer(fakeSession(), '127.0.0.1', 8080);
  expect(calls[0]!.how?.forgeAddr).toBe(true);
});

test('local with forgeAddr is a configuration error, also in code', () => {
  const { establishConnection } = network();
  const local = { family: 'inet', address: '127.0.0.9', port: 0 } as const;
  const deps = { establishConnection, resolver: new FakeResolver({}) };
  expect(() => new InbandChainer({ local, forgeAddr: true }, deps)).toThrow(
    expect.objectContaining({ code: 'proxy_configuration_error', setting: 'chainer.forgeAddr' }),
  );
});

test('a configuration that asks for forgeAddr is refused at start-up where it cannot work, with what is missing', () => {
  const deps = fakeDeps(network(), undefined, 'It lacks CAP_NET_ADMIN.');
  expect(() => inbandPlugin.create({ forgeAddr: true, connectTimeout: 1 }, deps)).toThrow(
    expect.objectContaining({ message: 'It lacks CAP_NET_ADMIN.', setting: 'chainer.forgeAddr' }),
  );
  expect(inbandPlugin.create({ forgeAddr: false, connectTimeout: 1 }, deps)).toBeInstanceOf(InbandChainer);
});
