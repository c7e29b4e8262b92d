import {
  AccessPolicy,
  AddressZones,
  createMemoryNetwork,
  LimitState,
  NO_LIMITS,
  ProxyError,
  ServerPool,
  ServiceLimits,
  Session,
  stackProxy,
  Timers,
  WaitingBytes,
  sessionWriter,
  type AccessRule,
  type ByteLimits,
  type Chainer,
  type Connection,
  type ConnectionPlaces,
  type ProtocolProxy,
  type Service,
  type SessionRecord,
  type SockAddr,
} from '@inband/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { passTime, passTimeUntil } from '../../core/test-support/passing-time.ts';
import { extension, helloFor, helloMessage, records, serverNames } from '../test-support/hellos.ts';
import { createTlsGuard, defaultTlsGuardOptions, type TlsGuardOptions } from './index.ts';

const server: SockAddr = { family: 'inet', address: '192.0.2.1', port: 443 };
const clientAddress: SockAddr = { family: 'inet', address: '10.0.0.7', port: 50_000 };
const listener: SockAddr = { family: 'inet', address: '10.0.0.1', port: 3128 };

const pickUp: Chainer = {
  kind: 'none',
  connectServer: (session) => session.serverStream!.pickUp(session),
};

/** One end of a connection, as a test sees it. */
class Peer {
  readonly connection: Connection;
  received = Buffer.alloc(0);
  ended = false;
  closed = false;
  error: Error | undefined = undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.handler = {
      data: (bytes, start, end) => (this.received = Buffer.concat([this.received, bytes.subarray(start, end)])),
      drained: () => {},
      ended: () => (this.ended = true),
      closed: (error) => {
        this.closed = true;
        this.error = error;
      },
    };
    connection.resume();
  }
}

interface SetUp {
  readonly options?: Partial<TlsGuardOptions>;
  readonly access?: readonly AccessRule[];
  readonly chainer?: Chainer | undefined;
  readonly timers?: Timers;
  readonly waitingBytes?: WaitingBytes;
  readonly places?: ConnectionPlaces | undefined;
  readonly bytes?: ByteLimits | undefined;
}

const sharedTimers = new Timers();
afterEach(() => {
  vi.useRealTimers();
  expect(sharedTimers.running).toBe(0);
});

function guardWith({
  options = {},
  access = [],
  chainer = pickUp,
  timers = sharedTimers,
  waitingBytes,
  places,
  bytes,
}: SetUp) {
  const policy = AccessPolicy.compile(access, {
    mode: 'transparent',
    zones: new AddressZones(),
    path: 'services.guard.access',
  });
  const route = { name: 'services.guard.routes[0]', chainer };
  const service: Service = { name: 'guard', mode: 'transparent', policy, routesByPath: false, route: () => route };
  const log: SessionRecord[] = [];
  const infos: object[] = [];
  const guard: ProtocolProxy = createTlsGuard({
    service,
    options: { ...defaultTlsGuardOptions, ...options },
    timers,
    logger: { debug() {}, info: (fields) => infos.push(fields), warn() {}, error() {} },
    onSession: (record) => log.push(record),
    ...(waitingBytes && { waitingBytes }),
    places,
    bytes,
  });
  return { guard, service, log, infos };
}

/** A guard stacked in a tunnel to `target`, with a server behind it. */
function tunnelThrough(target: string, setUp: SetUp = {}) {
  const { guard, service, log } = guardWith(setUp);
  const network = createMemoryNetwork();
  const pool = new ServerPool({
    timers: setUp.timers ?? sharedTimers,
    idleTimeout: 1_000,
    maxIdlePerServer: 1,
    maxIdle: 1,
  });
  const toServer = network.connectPair({ server });
  const outer = new Session(
    { id: 1, connection: toServer.server, address: clientAddress, local: listener, listener },
    service,
  );
  sessionWriter.setTarget(outer, { host: target, port: 443 });
  sessionWriter.setUser(outer, 'somebody');
  const stacked = stackProxy(guard, outer, pool.adopt(toServer.client, server, 'test'));
  const client = new Peer(stacked.connection);
  return { guard, client, server: new Peer(toServer.server), log, outer, network, pool };
}

/** Waits until both ends are closed, and everything in between. */
async function over({ client, server: far, network, guard, pool }: ReturnType<typeof tunnelThrough>): Promise<void> {
  await vi.waitUntil(() => client.closed && far.closed && network.open === 0, { interval: 1, timeout: 10_000 });
  expect(guard.open).toBe(0);
  expect(pool.open).toBe(0);
}

const hello = (name: string): Buffer => records(helloFor(name));

describe('a tunnel goes on', () => {
  test.each<[string, string, Partial<TlsGuardOptions>]>([
    ['shop.example', 'shop.example', {}],
    ['shop.example', 'SHOP.Example', {}],
    ['shop.example.', 'shop.example', {}],
    ['192.0.2.1', 'shop.example', { allow: ['shop.example'] }],
    ['shop.example', 'a.b.cdn.example', { allow: ['*.cdn.example'] }],
  ])('to %s with a ClientHello for %s and %j, and nothing is changed', async (target, name, options) => {
    const tunnel = tunnelThrough(target, { options });
    const { client, server: far, log, outer } = tunnel;
    const early = Buffer.concat([hello(name), Buffer.from('early')]);
    client.connection.write(early);
    await vi.waitUntil(() => far.received.length >= early.length, { interval: 1, timeout: 10_000 });
    expect(far.received).toEqual(early);
    far.connection.write(Buffer.from('answer'));
    await vi.waitUntil(() => client.received.length >= 6, { interval: 1, timeout: 10_000 });
    client.connection.end();
    await vi.waitUntil(() => far.ended, { interval: 1, timeout: 10_000 });
    far.connection.write(Buffer.from(' and more'));
    far.connection.end();
    await over(tunnel);
    expect(client.received.toString()).toBe('answer and more');
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({
      kind: 'tunnel',
      url: `${name.toLowerCase()}:443`,
      bytesIn: early.length,
      bytesOut: 15,
      error: undefined,
      aborted: false,
    });
    expect(log[0]?.session).toMatchObject({ user: 'somebody', serverAddress: server });
    expect(log[0]?.session.parent).toBe(outer);
  });

  test('and a reset of the server is one for the client', async () => {
    const tunnel = tunnelThrough('shop.example');
    tunnel.client.connection.write(hello('shop.example'));
    await vi.waitUntil(() => tunnel.server.received.length > 0, { interval: 1, timeout: 10_000 });
    tunnel.server.connection.destroy(new Error('reset'));
    await over(tunnel);
    expect(tunnel.client.error).toMatchObject({ code: 'connection_terminated' });
    expect(tunnel.log[0]?.error).toMatchObject({ code: 'connection_terminated' });
  });
});

describe('a tunnel is closed, the server gets nothing, and the log says why', () => {
  test.each<[string, string, Buffer, Partial<TlsGuardOptions>, string]>([
    [
      'another name',
      'shop.example',
      hello('evil.example'),
      {},
      'its TLS server name, "evil.example", is not the host of the tunnel, "shop.example", and not on the allow list',
    ],
    [
      'a name for an address',
      '192.0.2.1',
      hello('shop.example'),
      {},
      'its TLS server name, "shop.example", is not the host of the tunnel, "192.0.2.1", and not on the allow list',
    ],
    [
      'the suffix itself',
      'shop.example',
      hello('cdn.example'),
      { allow: ['*.cdn.example'] },
      'its TLS server name, "cdn.example", is not the host of the tunnel, "shop.example", and not on the allow list',
    ],
    ['no name', 'shop.example', records(helloMessage({})), {}, 'its ClientHello names no server'],
    ['an address', '192.0.2.1', records(helloFor('192.0.2.1')), {}, 'its TLS server name is an address, not a name'],
    ['no TLS', 'shop.example', Buffer.from('GET / HTTP/1.1\r\n\r\n'), {}, 'it does not begin with TLS'],
  ])('when its client sends %s', async (_what, target, bytes, options, reason) => {
    const tunnel = tunnelThrough(target, { options });
    tunnel.client.connection.write(bytes);
    await vi.waitUntil(() => tunnel.client.ended, { interval: 1, timeout: 10_000 });
    expect(tunnel.client.received).toHaveLength(0);
    tunnel.client.connection.end();
    await vi.waitUntil(() => tunnel.server.ended, { interval: 1, timeout: 10_000 });
    tunnel.server.connection.end();
    await over(tunnel);
    expect(tunnel.client.error).toBeUndefined();
    expect(tunnel.server.received).toHaveLength(0);
    expect(tunnel.log).toHaveLength(1);
    expect(tunnel.log[0]?.error).toMatchObject({
      code: 'http_request_denied',
      message: `The tunnel was refused: ${reason}.`,
      rule: 'services.guard.tls.allow',
    });
  });

  test('when it ends within its ClientHello', async () => {
    const tunnel = tunnelThrough('shop.example');
    tunnel.client.connection.write(hello('shop.example').subarray(0, 20));
    tunnel.client.connection.end();
    await vi.waitUntil(() => tunnel.server.ended, { interval: 1, timeout: 10_000 });
    tunnel.server.connection.end();
    await over(tunnel);
    expect(tunnel.log[0]?.error?.message).toContain('it ended in the middle of its ClientHello');
  });

  test('when it says nothing within helloTimeout', async () => {
    const tunnel = tunnelThrough('shop.example', { options: { helloTimeout: 30 } });
    tunnel.client.connection.write(hello('shop.example').subarray(0, 20));
    await vi.waitUntil(() => tunnel.server.ended, { interval: 1, timeout: 10_000 });
    tunnel.client.connection.end();
    tunnel.server.connection.end();
    await over(tunnel);
    expect(tunnel.log[0]?.error).toMatchObject({
      code: 'http_request_error',
      setting: 'services.guard.tls.helloTimeout',
    });
  });

  test('when a rule denies its server, evaluated by the address and by the name', async () => {
    const access: AccessRule[] = [{ action: 'deny', hosts: ['shop.example'], servers: ['192.0.2.0/24'] }];
    const tunnel = tunnelThrough('shop.example', { access });
    tunnel.client.connection.write(hello('shop.example'));
    await vi.waitUntil(() => tunnel.server.ended, { interval: 1, timeout: 10_000 });
    tunnel.client.connection.end();
    tunnel.server.connection.end();
    await over(tunnel);
    expect(tunnel.server.received).toHaveLength(0);
    expect(tunnel.log[0]?.error).toMatchObject({ rule: 'services.guard.access[0]', address: server });
  });

  test('when its server speaks first', async () => {
    const tunnel = tunnelThrough('shop.example');
    tunnel.server.connection.write(Buffer.from('SSH-2.0-OpenSSH\r\n'));
    tunnel.server.connection.end();
    await vi.waitUntil(() => tunnel.client.ended, { interval: 1, timeout: 10_000 });
    expect(tunnel.client.received).toHaveLength(0);
    tunnel.client.connection.end();
    await over(tunnel);
    expect(tunnel.log[0]?.error?.message).toContain('192.0.2.1:443 sent something that nobody had asked for');
  });

  test('when its chainer fails', async () => {
    const chainer: Chainer = {
      kind: 'broken',
      connectServer: () => Promise.reject(new ProxyError('connection_refused', 'Nobody there.')),
    };
    const tunnel = tunnelThrough('shop.example', { chainer });
    tunnel.client.connection.write(hello('shop.example'));
    await vi.waitUntil(() => tunnel.client.ended, { interval: 1, timeout: 10_000 });
    tunnel.client.connection.end();
    tunnel.server.connection.end();
    await over(tunnel);
    expect(tunnel.log[0]?.error).toMatchObject({ code: 'connection_refused' });
  });
});

test('a tunnel is shown with its bytes while it lasts, and an operator ends it', async () => {
  const tunnel = tunnelThrough('shop.example');
  const { client, guard, server: far, log } = tunnel;
  const bytes = hello('shop.example');
  client.connection.write(bytes);
  await vi.waitUntil(() => far.received.length >= bytes.length, { interval: 1, timeout: 10_000 });
  const live = [...(guard.sessions?.() ?? [])];
  expect(live).toMatchObject([{ kind: 'tunnel', state: 'tunnel', url: 'shop.example:443', bytesIn: bytes.length }]);
  live[0]?.end();
  await over(tunnel);
  expect(log).toMatchObject([{ error: { message: 'The operator of the proxy ended it.', fault: 'proxy' } }]);
});

test('an operator ends a tunnel before its ClientHello', async () => {
  const tunnel = tunnelThrough('shop.example');
  for (const live of tunnel.guard.sessions?.() ?? []) live.end();
  await vi.waitUntil(() => tunnel.client.ended, { interval: 1, timeout: 10_000 });
  expect(tunnel.guard.open).toBe(0);
  tunnel.client.connection.destroy();
  expect(tunnel.log).toMatchObject([{ error: { message: 'The operator of the proxy ended it.' } }]);
});

describe('the end of a guard', () => {
  test('a client that goes away before it said anything is no error', async () => {
    const tunnel = tunnelThrough('shop.example');
    tunnel.client.connection.destroy();
    await vi.waitUntil(() => tunnel.server.ended, { interval: 1, timeout: 10_000 });
    tunnel.server.connection.end();
    await over(tunnel);
    expect(tunnel.log).toMatchObject([{ error: undefined, aborted: true, url: undefined }]);
  });

  test('drain closes tunnels in which nothing was said, and waits for the others', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const silent = tunnelThrough('shop.example');
    await passTimeUntil(silent.guard.drain());
    vi.useRealTimers();
    const busy = tunnelThrough('shop.example');
    busy.client.connection.write(hello('shop.example'));
    await vi.waitUntil(() => busy.server.received.length > 0, { interval: 1, timeout: 10_000 });
    let drained = false;
    const end = busy.guard.drain().then(() => (drained = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBe(false);
    busy.guard.close();
    await end;
    for (const { client, server: far } of [silent, busy]) {
      client.connection.end();
      far.connection.end();
    }
    await over(silent);
    await over(busy);
  });
});

test('an address on the allow list is refused: no server name is one', () => {
  expect(() => tunnelThrough('shop.example', { options: { allow: ['a.example', '192.0.2.1'] } })).toThrow(
    expect.objectContaining({ code: 'proxy_configuration_error', path: ['allow', 1] }),
  );
});

test('a client of a listener has no tunnel: the allow list alone decides, and the port is the one that was addressed', async () => {
  const network = createMemoryNetwork();
  const toServer = network.connectPair({ server });
  const asked: [string, number][] = [];
  const chainer: Chainer = {
    kind: 'test',
    connectServer(_session, host, port) {
      asked.push([host, port]);
      const { client: connection } = toServer;
      const { remote, local } = connection;
      return { connection, remote, local, reused: false, release() {}, destroy: () => connection.destroy() };
    },
  };
  const { guard, log } = guardWith({ options: { allow: ['*.example'] }, chainer });
  const accepted = ['shop.example', 'shop.other'].map((name) => {
    const pair = network.connectPair({ client: clientAddress });
    const client = { id: 1, connection: pair.server, address: clientAddress, local: listener, listener };
    guard.accept({ ...client, originalDestination: { ...server, port: 8443 } });
    pair.client.write(hello(name));
    return new Peer(pair.client);
  });
  const far = new Peer(toServer.server);
  await vi.waitUntil(() => far.received.length > 0 && accepted[1]?.ended === true, { interval: 1, timeout: 10_000 });
  expect(asked).toEqual([['shop.example', 8443]]);
  for (const { connection } of [...accepted, far]) connection.end();
  await vi.waitUntil(() => network.open === 0, { interval: 1, timeout: 10_000 });
  expect(log.map(({ url, error }) => [url, error?.message])).toEqual([
    ['shop.other:8443', 'The tunnel was refused: its TLS server name, "shop.other", is not on the allow list.'],
    ['shop.example:8443', undefined],
  ]);
});

test('an intercepted client that says nothing leaves a line with where it was going', async () => {
  const network = createMemoryNetwork();
  const { guard, log, infos } = guardWith({ options: { helloTimeout: 30 } });
  const clients = [server, undefined].map((originalDestination) => {
    const pair = network.connectPair({ client: clientAddress });
    const client = { id: 1, connection: pair.server, address: clientAddress, local: listener, listener };
    guard.accept({ ...client, ...(originalDestination && { originalDestination }) });
    return new Peer(pair.client);
  });
  await vi.waitUntil(() => clients.every(({ ended }) => ended), { interval: 1, timeout: 10_000 });
  for (const { connection } of clients) connection.end();
  await vi.waitUntil(() => network.open === 0, { interval: 1, timeout: 10_000 });
  expect(log).toHaveLength(2);
  expect(infos).toEqual([expect.objectContaining({ destination: '192.0.2.1:443', closedBy: 'proxy' })]);
});

describe('a chainer that breaks its promise', () => {
  const broken = (connectServer: () => unknown): Chainer => ({ kind: 'broken', connectServer }) as Chainer;

  test.each([
    ['nothing at once', (): unknown => undefined],
    ['nothing later', (): unknown => Promise.resolve(undefined)],
    ['no connection', (): unknown => Promise.resolve({ connection: {} })],
  ])('and gives %s ends the tunnel, which is logged', async (_what, connectServer) => {
    const tunnel = tunnelThrough('shop.example', { chainer: broken(connectServer) });
    tunnel.client.connection.write(hello('shop.example'));
    await vi.waitUntil(() => tunnel.server.ended, { interval: 1, timeout: 10_000 });
    tunnel.client.connection.end();
    tunnel.server.connection.end();
    await over(tunnel);
    expect(tunnel.log).toMatchObject([{ error: { code: 'proxy_internal_error' } }]);
  });

  test('and never answers is waited for a minute; a connection that comes after that is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const asked = Promise.withResolvers<void>();
    const late = Promise.withResolvers<unknown>();
    const chainer = broken(() => {
      asked.resolve();
      return late.promise;
    });
    const tunnel = tunnelThrough('shop.example', { chainer, timers: new Timers() });
    tunnel.client.connection.write(hello('shop.example'));
    await asked.promise;
    vi.advanceTimersByTime(59_000);
    expect(tunnel.log).toEqual([]);
    vi.advanceTimersByTime(2_000);
    expect(tunnel.log).toMatchObject([{ error: { code: 'connection_timeout' } }]);
    const destroy = vi.fn<() => void>();
    late.resolve({ connection: { write: () => true }, destroy });
    await new Promise((resolve) => setImmediate(resolve));
    expect(destroy).toHaveBeenCalledOnce();
    vi.useRealTimers();
    tunnel.client.connection.end();
    tunnel.server.connection.end();
    await over(tunnel);
  });
});

test('parts of handshakes are bounded in all: the oldest one is given up', async () => {
  const waitingBytes = new WaitingBytes(64 * 1024);
  const { guard, log } = guardWith({ waitingBytes });
  const network = createMemoryNetwork();
  const part = records(
    helloMessage({ extensions: [extension(0, serverNames('a.example')), extension(21, Buffer.alloc(12_000))] }),
  ).subarray(0, 10_000);
  const peers: Peer[] = [];
  for (let id = 1; id <= 6; id += 1) {
    const { client, server: connection } = network.connectPair({ client: clientAddress, server: listener });
    guard.accept({ id, connection, address: clientAddress, local: listener, listener, originalDestination: server });
    const peer = new Peer(client);
    peers.push(peer);
    client.write(part);
  }
  await vi.waitFor(() => expect(log.length).toBeGreaterThan(0));
  expect(log[0]).toMatchObject({ session: { client: { id: 1 } }, error: { setting: 'limits.partialHeads' } });
  expect(peers.at(-1)?.ended).toBe(false);
  guard.close();
  expect(waitingBytes.held).toBe(0);
});

/** A client of a listener that has read `received` already, and whether its tunnel was refused. */
async function afterListener(received: Buffer, options: Partial<TlsGuardOptions>) {
  const { guard, log } = guardWith({ options: { allow: ['*.example'], ...options } });
  const network = createMemoryNetwork();
  const pair = network.connectPair();
  const client = new Peer(pair.client);
  const common = { id: 1, connection: pair.server, address: clientAddress, local: listener, listener };
  guard.accept({ ...common, takeReceived: () => received });
  await vi.waitUntil(() => client.closed || client.ended, { interval: 1, timeout: 10_000 });
  pair.client.destroy();
  await vi.waitUntil(() => network.open === 0, { interval: 1, timeout: 10_000 });
  return log[0];
}

test('what a listener has read already counts, and comes before the rest', async () => {
  // The chainer of these tests has no server for it.
  expect(await afterListener(hello('a.example'), {})).toMatchObject({ session: { target: { host: 'a.example' } } });
  expect((await afterListener(Buffer.from('GET /'), {}))?.error?.message).toContain('does not begin with TLS');
});

test('a ClientHello with an encrypted one in it is refused only if it is to be', async () => {
  const extensions = [extension(0, serverNames('a.example')), extension(0xfe0d, Buffer.alloc(9))];
  const encrypted = records(helloMessage({ extensions }));
  const refusal = 'its ClientHello has an encrypted one in it (ECH)';
  expect((await afterListener(encrypted, { ech: 'refuse' }))?.error?.message).toContain(refusal);
  expect((await afterListener(encrypted, {}))?.error?.message).not.toContain(refusal);
});

test('a client that has as many connections as it may is reset, also in a tunnel of another service', async () => {
  const state = new LimitState({ now: () => 0 });
  const options = { ...NO_LIMITS, perClient: { connections: 1 } };
  const { connections: places } = new ServiceLimits('services.guard.limits', options, state);
  const first = tunnelThrough('shop.example', { places });
  const second = tunnelThrough('shop.example', { places });
  await vi.waitUntil(() => second.client.closed, { interval: 1, timeout: 10_000 });
  second.server.connection.destroy();
  await over(second);
  expect(second.client.error).toBeInstanceOf(Error);
  expect(second.log).toEqual([]);
  first.client.connection.end();
  first.server.connection.end();
  await over(first);
  const third = tunnelThrough('shop.example', { places });
  third.client.connection.end();
  third.server.connection.end();
  await over(third);
  expect([third.client.error, state.placed]).toEqual([undefined, 0]);
});

test('a quota ends a tunnel with its record, and further ones are refused', async () => {
  const quota = { bytes: 1_000, written: '1000B/day' };
  const { bytes } = new ServiceLimits(
    'services.guard.limits',
    { ...NO_LIMITS, perClient: { quota } },
    new LimitState(),
  );
  const first = tunnelThrough('shop.example', { bytes });
  first.client.connection.write(hello('shop.example'));
  await vi.waitUntil(() => first.server.received.length > 0, { interval: 1, timeout: 10_000 });
  first.server.connection.write(Buffer.alloc(1_000));
  await over(first);
  const setting = 'services.guard.limits.perClient.quota';
  expect(first.log).toMatchObject([{ kind: 'tunnel', error: { status: 429, setting } }]);
  const second = tunnelThrough('shop.example', { bytes });
  second.client.connection.write(hello('shop.example'));
  await vi.waitUntil(() => second.log.length > 0, { interval: 1, timeout: 10_000 });
  second.client.connection.end();
  second.server.connection.end();
  await over(second);
  expect(second.log).toMatchObject([{ kind: 'tunnel', bytesOut: 0, error: { status: 429, setting } }]);
  expect(second.server.received).toHaveLength(0);
});

test('a tunnel connects when what others have read is paid for, and one that ends before leaves nothing behind', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const timers = new Timers();
  const limits = { ...NO_LIMITS, bandwidth: { in: 10_000, out: undefined } };
  const { bytes } = new ServiceLimits('services.guard.limits', limits, new LimitState());
  const first = tunnelThrough('shop.example', { bytes, timers });
  first.client.connection.write(Buffer.concat([hello('shop.example'), Buffer.alloc(60_000)]));
  await passTime(10);
  const [gone, second] = [1, 2].map(() => tunnelThrough('shop.example', { bytes, timers }));
  for (const { client } of [gone!, second!]) client.connection.write(hello('shop.example'));
  await passTime(3_000);
  expect(first.server.received.length).toBeGreaterThan(60_000);
  expect([gone!.server.received.length, second!.server.received.length]).toEqual([0, 0]);
  gone!.client.connection.destroy();
  await passTime(10_000);
  expect(gone!.log).toMatchObject([{ kind: 'tunnel', bytesIn: 0 }]);
  expect([gone!.server.received.length, second!.server.received]).toEqual([0, hello('shop.example')]);
  gone!.server.connection.destroy();
  for (const { client, server: far } of [first, second!]) {
    client.connection.end();
    far.connection.end();
  }
  await passTime(10);
  vi.useRealTimers();
  for (const tunnel of [first, gone!, second!]) await over(tunnel);
  expect(timers.running).toBe(0);
});
