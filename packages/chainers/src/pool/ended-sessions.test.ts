import { ProxyError, type Resolution, sessionWriter } from '@inband/core';
import { expect, test } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession, silentLogger } from '../../../../test/chainers/fake-establisher.ts';
import { parseServerAddress } from '../options/server-address.ts';
import { PoolChainer } from './pool-chainer.ts';

class SilentResolver extends FakeResolver {
  override resolve(host: string): Promise<Resolution> {
    return host === 'silent.example' ? new Promise(() => undefined) : super.resolve(host);
  }
}

test('a session that ends while one name of several is known gets no server, at which nobody would count it back', async () => {
  const { establishConnection, calls } = new FakeNetwork().on('10.0.0.1:80', { does: 'idle' });
  const resolver = new SilentResolver({ 'quick.example': ['10.0.0.1'] });
  const servers = ['quick.example:80', 'silent.example:80'].map((at) => ({ address: parseServerAddress(at) }));
  const chainer = new PoolChainer({ servers }, { establishConnection, resolver, logger: silentLogger });
  const { pool } = chainer;
  const session = fakeSession();
  const outcome = Promise.resolve(chainer.connectServer(session, 'ignored.example', 1)).catch(
    (error: unknown) => error,
  );
  await new Promise(setImmediate);
  expect(pool.isReady).toBe(true);
  sessionWriter.abort(session);
  chainer.sessionEnded(session, { status: 0, wait: undefined, reused: false, error: undefined });
  expect(await outcome).toBeInstanceOf(ProxyError);
  expect(calls).toEqual([]);
  expect(pool.members.map(({ inFlight }) => inFlight)).toEqual([0]);
  pool.close();
});
