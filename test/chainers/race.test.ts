import { InbandChainer } from '@inband/chainers';
import { ProxyError, type Resolver } from '@inband/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChainerHarness } from './harness.ts';

let harness: ChainerHarness;

beforeEach(() => {
  harness = new ChainerHarness({ serverChosenBy: 'client', stacked: false });
});

afterEach(() => harness.close());

const resolver: Resolver = {
  resolve: async () => ({
    addresses: [
      { family: 'inet', address: '127.0.0.1' },
      { family: 'inet', address: '127.0.0.2' },
    ],
  }),
};

test('of a refused and a denied address, the session tells of the refused one, and what policy said of that', async () => {
  const chainer = new InbandChainer({}, { ...harness.deps, resolver });
  const session = harness.session([{ action: 'deny', servers: ['127.0.0.2'] }]);
  const result = Promise.resolve(chainer.connectServer(session, 'a.example', 80));
  const error: unknown = await result.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProxyError);
  expect(error).toMatchObject({ code: 'connection_refused' });
  expect(session.serverAddress).toMatchObject({ address: '127.0.0.1' });
  expect(session.decision).toMatchObject({ verdict: 'allow' });
});

test.each([
  ['first', ['127.0.0.1', '127.0.0.2']],
  ['last', ['127.0.0.2', '127.0.0.1']],
])(
  'a name with the proxy itself among its addresses, %s, is a loop if nothing else connects',
  async (_place, order) => {
    const own = { isOwn: (address: string) => address === '127.0.0.1' };
    const establishConnection: typeof harness.deps.establishConnection = (session, local, remote, how) => {
      if (remote.family !== 'unix' && own.isOwn(remote.address)) {
        return Promise.reject(new ProxyError('proxy_loop_detected', 'This proxy itself.', { address: remote }));
      }
      return harness.deps.establishConnection(session, local, remote, how);
    };
    const named: Resolver = {
      resolve: async () => ({ addresses: order.map((address) => ({ family: 'inet' as const, address })) }),
    };
    const chainer = new InbandChainer({}, { ...harness.deps, establishConnection, resolver: named });
    const result = Promise.resolve(chainer.connectServer(harness.session([]), 'a.example', 80));
    const error: unknown = await result.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'proxy_loop_detected' });
  },
);
