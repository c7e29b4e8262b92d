import { AccessPolicy, AddressZones, ProxyError, type ServerFailure, type Service, Session } from '@inband/core';
import { beforeEach, expect, test } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession, silentLogger } from '../../../../test/chainers/fake-establisher.ts';
import { parseServerAddress } from '../options/server-address.ts';
import { ParentChainer } from './parent-chainer.ts';

const servers = ['127.0.0.1:3128', '127.0.0.2:3128', '127.0.0.3:3128'] as const;

const policy = AccessPolicy.compile([{ action: 'allow', hosts: ['*'] }], {
  mode: 'forward',
  zones: new AddressZones(),
  path: 'services.fake.access',
});

/** Its rules let everybody ask for every name. */
const service: Service = { name: 'fake', mode: 'forward', policy, routesByPath: false, route: () => undefined };

let network: FakeNetwork;

beforeEach(() => {
  network = new FakeNetwork();
  for (const address of servers) network.on(address, { does: 'accept' });
});

/** Has one parent after the other fail many sessions as `cause` and `code` say, and returns the states of the parents. */
async function failMany(cause: 'reset' | 'timeout', code: 'http_response_timeout' | 'connection_terminated') {
  const { establishConnection } = network;
  const deps = { establishConnection, resolver: new FakeResolver({}), logger: silentLogger };
  const listed = servers.map((at) => ({ address: parseServerAddress(at) }));
  const retry = { on: ['reset', 'timeout'], budget: 1 } as const;
  const chainer = new ParentChainer({ protocol: 'http', servers: listed, balance: 'round-robin', retry }, deps);
  const error = new ProxyError(code, 'No answer.', { fault: 'server' });
  const failure: ServerFailure = { cause, error, mayRepeat: true };
  const told: boolean[] = [];
  for (let count = 0; count < 20; count += 1) {
    const session = new Session(fakeSession().client, service);
    await chainer.connectServer(session, 'slow.example', 443);
    told.push(chainer.serverFailed(session, failure));
    chainer.sessionEnded(session, { status: 0, wait: undefined, error, reused: false });
  }
  const states = chainer.pool.servers().map(({ state }) => state);
  chainer.close();
  return { states, told };
}

test('parents are not to blame for targets that do not answer in time, though another one is tried', async () => {
  const { states, told } = await failMany('timeout', 'http_response_timeout');
  expect(states).toEqual(['up', 'up', 'up']);
  expect(told[0]).toBe(true);
});

test('parents that close connections are', async () => {
  const { states } = await failMany('reset', 'connection_terminated');
  expect(states).toContain('down');
});
