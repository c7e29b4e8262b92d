import {
  DirectedChainer,
  FailoverChainer,
  InbandChainer,
  TransparentChainer,
  type ConnectOptions,
} from '@inband/chainers';
import { formatSockAddr, type Chainer, type ChainerDeps, type InetAddr } from '@inband/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeDeps, FakeNetwork, fakeSession } from './fake-establisher.ts';
import { ChainerHarness, server, serverName } from './harness.ts';

/** What the seed says of every chainer that dials: its attributes, the arguments of its constructor and their defaults. */

type Dialling = Chainer & { readonly local: InetAddr | undefined; readonly forgeAddr: boolean };

interface Kind {
  readonly kind: string;
  readonly serverChosenBy: 'client' | 'operator';
  readonly make: (options: ConnectOptions, deps: ChainerDeps) => Dialling;
}

const kinds: readonly Kind[] = [
  {
    kind: 'directed',
    serverChosenBy: 'operator',
    make: (options, deps) => new DirectedChainer({ remote: server, ...options }, deps),
  },
  {
    kind: 'failover',
    serverChosenBy: 'operator',
    make: (options, deps) => new FailoverChainer({ hosts: [server], ...options }, deps),
  },
  {
    kind: 'inband',
    serverChosenBy: 'client',
    make: (options, deps) => new InbandChainer(options, deps),
  },
  {
    kind: 'transparent',
    serverChosenBy: 'client',
    make: (options, deps) => new TransparentChainer(options, deps),
  },
];

const local: InetAddr = { family: 'inet', address: '127.0.0.9', port: 0 };

describe.each(kinds)('$kind', ({ kind, serverChosenBy, make }) => {
  let harness: ChainerHarness;

  beforeEach(async () => {
    harness = new ChainerHarness({ serverChosenBy, stacked: false });
    await harness.serve('echoes');
  });

  afterEach(() => harness.close());

  test('local and forgeAddr are optional: without them the system chooses the outgoing address', async () => {
    const chainer = make({}, harness.deps);
    expect(chainer).toMatchObject({ kind, local: undefined, forgeAddr: false });
    const connection = await chainer.connectServer(harness.session(), serverName, server.port);
    expect(harness.accepted[0]?.remote).toEqual(connection.local);
    connection.destroy();
  });

  test('local can be read, and is the address from which the server sees the connection come', async () => {
    const chainer = make({ local }, harness.deps);
    expect(chainer.local).toEqual(local);
    const connection = await chainer.connectServer(harness.session(), serverName, server.port);
    expect(harness.accepted[0]?.remote).toMatchObject({ family: 'inet', address: '127.0.0.9' });
    expect(connection.local).toEqual(harness.accepted[0]?.remote);
    connection.destroy();
  });

  test('a connection from local serves no session of a chainer without it', async () => {
    const session = () => harness.session();
    const bound = await make({ local }, harness.deps).connectServer(session(), serverName, server.port);
    bound.release();
    const other = await make({}, harness.deps).connectServer(session(), serverName, server.port);
    expect(other.reused).toBe(false);
    other.destroy();
  });

  test("forgeAddr can be read, and asks establishConnection for the client's own address", () => {
    const network = new FakeNetwork().on(formatSockAddr(server), { does: 'idle' });
    const chainer = make({ forgeAddr: true }, fakeDeps(network));
    expect(chainer.forgeAddr).toBe(true);
    void chainer.connectServer(fakeSession(server), server.address, server.port);
    expect(network.calls).toMatchObject([{ local: undefined, how: { forgeAddr: true } }]);
  });

  test('local together with forgeAddr is a configuration error', () => {
    expect(() => make({ local, forgeAddr: true }, harness.deps)).toThrow(
      expect.objectContaining({ code: 'proxy_configuration_error', setting: 'chainer.forgeAddr' }),
    );
  });
});

test.each(kinds.filter(({ kind }) => kind !== 'inband'))(
  '$kind: host and port of the request are not used',
  async ({ make }) => {
    const network = new FakeNetwork().on(formatSockAddr(server), { does: 'idle' });
    await make({}, fakeDeps(network)).connectServer(fakeSession(server), '127.0.0.66', 6666);
    expect(network.attempted).toEqual([formatSockAddr(server)]);
  },
);

test('inband: host and port of the request are all that is used', async () => {
  const network = new FakeNetwork().on('127.0.0.66:6666', { does: 'idle' });
  await new InbandChainer({}, fakeDeps(network)).connectServer(fakeSession(server), '127.0.0.66', 6666);
  expect(network.attempted).toEqual(['127.0.0.66:6666']);
});
