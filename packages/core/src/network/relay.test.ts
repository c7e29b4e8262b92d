import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import { passTime } from '../../test-support/passing-time.ts';
import { ignoreEvents, type Connection } from '../base/connection.ts';
import { Relay, relayTotals, tunnelError, type RelayResult, type RelayStart } from './relay.ts';
import { Timers } from '../base/timers.ts';
import { createMemoryNetwork, pseudoRandom, type Split } from '../transport/memory/memory.ts';

/** What one far end of a tunnel sees of it. */
class Peer {
  readonly connection: Connection;
  readonly ended: Promise<void>;
  readonly closed: Promise<Error | undefined>;
  readonly #received: Buffer[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
    const ended = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<Error | undefined>();
    this.ended = ended.promise;
    this.closed = closed.promise;
    connection.handler = {
      data: (bytes, start, end) => this.#received.push(Buffer.from(bytes.subarray(start, end))),
      drained: () => {},
      ended: () => ended.resolve(),
      closed: (error) => closed.resolve(error),
    };
    connection.resume();
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }
}

const nothing: RelayStart = { clientEnded: false };

function tunnel(
  early: RelayStart = nothing,
  options: { split?: Split; window?: number; idle?: number; halfClose?: number } = {},
) {
  const network = createMemoryNetwork(options);
  const timers = new Timers();
  const toClient = network.connectPair();
  const toServer = network.connectPair();
  const done = Promise.withResolvers<RelayResult>();
  const relay = new Relay(toClient.server, toServer.client, {
    idle: timers.list(options.idle ?? 60_000),
    halfClose: timers.list(options.halfClose ?? 60_000),
    done: done.resolve,
  });
  const client = new Peer(toClient.client);
  const server = new Peer(toServer.server);
  relay.start(early);
  return { network, timers, relay, client, server, done: done.promise, inner: toClient.server };
}

const text = (value: string): Buffer => Buffer.from(value, 'latin1');

describe('half-closed tunnels', () => {
  for (const first of ['client', 'server'] as const) {
    test(`when the ${first} finishes first, the other goes on until it finishes too`, async () => {
      const { network, timers, client, server, done } = tunnel();
      const [a, b] = first === 'client' ? [client, server] : [server, client];
      a.connection.write(text('question'));
      a.connection.end();
      await b.ended;
      expect(b.received.toString()).toBe('question');
      b.connection.write(text('the answer'));
      b.connection.end();
      const result = await done;
      await Promise.all([client.closed, server.closed]);
      expect(a.received.toString()).toBe('the answer');
      expect(result).toEqual({
        bytesIn: first === 'client' ? 8 : 10,
        bytesOut: first === 'client' ? 10 : 8,
        failed: undefined,
      });
      expect(timers.running).toBe(0);
      expect(network.open).toBe(0);
    });
  }
});

test('what came before the relay is sent on first, and an end that came before it too', async () => {
  const { client, server, done } = tunnel({
    fromClient: text('early '),
    fromServer: text('hello '),
    clientEnded: true,
  });
  await server.ended;
  expect(server.received.toString()).toBe('early ');
  server.connection.write(text('world'));
  server.connection.end();
  client.connection.end();
  expect(await done).toMatchObject({ bytesIn: 6, bytesOut: 11 });
  expect(client.received.toString()).toBe('hello world');
});

describe('a reset of one side', () => {
  for (const first of ['client', 'server'] as const) {
    test(`(the ${first}) resets the other, and is reported`, async () => {
      const { network, timers, client, server, done } = tunnel();
      const [a, b] = first === 'client' ? [client, server] : [server, client];
      a.connection.destroy(new Error('reset'));
      expect(await b.closed).toMatchObject({ code: 'connection_terminated' });
      expect(await done).toMatchObject({ failed: first });
      expect(timers.running).toBe(0);
      await a.closed;
      expect(network.open).toBe(0);
    });
  }
});

test('nothing either way for the idle time ends it', async () => {
  const { network, timers, client, server, done } = tunnel(nothing, { idle: 10 });
  expect(await done).toMatchObject({ failed: 'idle' });
  client.connection.end();
  server.connection.end();
  await Promise.all([client.closed, server.closed]);
  expect(timers.running).toBe(0);
  expect(network.open).toBe(0);
});

test('bytes either way keep it alive', async () => {
  const timers = new Timers();
  const list = timers.list(60_000);
  const client = new FakeConnection();
  const server = new FakeConnection();
  const relay = new Relay(client, server, { idle: list, done: () => {} });
  relay.start(nothing);
  let started = 0;
  const append = list.append.bind(list);
  list.append = (timeout) => {
    started += 1;
    append(timeout);
  };
  client.handler.data(text('x'), 0, 1);
  server.handler.data(text('x'), 0, 1);
  server.handler.drained();
  expect(started).toBe(3);
  expect(list.size).toBe(1);
  timers.close();
});

test('a server that is silent is probed from the beginning', () => {
  const timers = new Timers();
  const server = Object.assign(new FakeConnection(), { keepAlive: vi.fn<() => void>() });
  new Relay(new FakeConnection(), server, { idle: timers.list(60_000), done: () => {} }).start(nothing);
  expect(server.keepAlive).toHaveBeenCalledOnce();
  timers.close();
});

test('destroying it ends both sides, once', async () => {
  const { network, client, server, relay, done } = tunnel();
  relay.destroy(new Error('shutdown'));
  relay.destroy(new Error('again'));
  await done;
  expect(await Promise.all([client.closed, server.closed])).toMatchObject([
    { code: 'connection_terminated' },
    { code: 'connection_terminated' },
  ]);
  expect(network.open).toBe(0);
});

test('waits for the slower side: what is queued stays bounded', async () => {
  const window = 1000;
  const { client, server, inner, done } = tunnel(nothing, { window });
  client.connection.pause();
  const piece = Buffer.alloc(500, 0x61);
  let queuedMost = 0;
  for (let round = 0; round < 60; round++) {
    server.connection.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
    queuedMost = Math.max(queuedMost, inner.queued);
  }
  expect(queuedMost).toBeLessThanOrEqual(2 * window);
  client.connection.resume();
  server.connection.end();
  await client.ended;
  expect(client.received.length).toBe(60 * piece.length);
  client.connection.end();
  expect(await done).toMatchObject({ bytesOut: 30_000 });
});

test('a side that does not keep up pauses the other and only the other, until it has drained', () => {
  const timers = new Timers();
  const client = new FakeConnection();
  const server = new FakeConnection();
  new Relay(client, server, { idle: timers.list(1000), done: () => {} }).start(nothing);
  expect([client.paused, server.paused]).toEqual([false, false]);
  client.keepsUp = false;
  server.handler.data(text('x'), 0, 1);
  expect([client.paused, server.paused]).toEqual([false, true]);
  client.handler.drained();
  expect([client.paused, server.paused]).toEqual([false, false]);
  timers.close();
});

test('carries any bytes both ways unchanged, however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 5000 }),
      fc.uint8Array({ maxLength: 5000 }),
      fc.integer(),
      async (up, down, seed) => {
        const { client, server, done } = tunnel(nothing, { split: pseudoRandom(seed), window: 300 });
        client.connection.write(up);
        server.connection.write(down);
        client.connection.end();
        server.connection.end();
        const result = await done;
        await Promise.all([client.closed, server.closed]);
        expect(server.received).toEqual(Buffer.from(up));
        expect(client.received).toEqual(Buffer.from(down));
        expect(result).toMatchObject({ bytesIn: up.length, bytesOut: down.length, failed: undefined });
      },
    ),
    { numRuns: runs(30) },
  );
});

test('an orderly close after both ends lets the slower side have the rest', async () => {
  const { client, server, done } = tunnel(nothing, { window: 100 });
  client.connection.handler = { ...ignoreEvents };
  client.connection.end();
  const rest = Buffer.alloc(5000, 0x62);
  const seen: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  client.connection.pause();
  server.connection.write(rest);
  server.connection.end();
  await new Promise((resolve) => setImmediate(resolve));
  client.connection.handler = {
    ...ignoreEvents,
    data: (bytes, start, end) => seen.push(Buffer.from(bytes.subarray(start, end))),
    closed: () => closed.resolve(),
  };
  client.connection.resume();
  await done;
  await closed.promise;
  expect(Buffer.concat(seen)).toEqual(rest);
});

test('a connection that throws at the start ends both, the owner is told, and so is whoever started', async () => {
  const network = createMemoryNetwork();
  const timers = new Timers();
  const toClient = network.connectPair();
  const toServer = network.connectPair();
  const done = Promise.withResolvers<RelayResult>();
  const relay = new Relay(toClient.server, toServer.client, { idle: timers.list(60_000), done: done.resolve });
  toServer.client.resume = () => {
    throw new Error('a defect of a plugin');
  };
  expect(() => relay.start(nothing)).toThrow('a defect of a plugin');
  expect(await done.promise).toMatchObject({ bytesIn: 0, bytesOut: 0 });
  expect(timers.running).toBe(0);
});

describe('the rest of a tunnel of which one side has finished', () => {
  const simulateTime = (): void =>
    void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  afterEach(() => void vi.useRealTimers());

  for (const first of ['client', 'server'] as const) {
    test(`is bounded when the ${first} finished, though the other side trickles`, async () => {
      simulateTime();
      const { timers, client, server, done } = tunnel(nothing, { halfClose: 500 });
      const [over, talking] = first === 'client' ? [client, server] : [server, client];
      over.connection.end();
      await talking.ended;
      const trickle = setInterval(() => talking.connection.write(text('x')), 5);
      await passTime(600);
      clearInterval(trickle);
      expect(await done).toMatchObject({ failed: 'half-closed' });
      // Whoever waits for the rest must not take the part for the whole.
      expect(await over.closed).toMatchObject({ code: 'connection_terminated' });
      await talking.closed;
      expect(timers.running).toBe(0);
      timers.close();
    });
  }

  test('goes on as long as a transfer does', async () => {
    simulateTime();
    const { timers, client, server, done } = tunnel(nothing, { halfClose: 500 });
    client.connection.end();
    await server.ended;
    const piece = Buffer.alloc(64 * 1024, 1);
    let sent = 0;
    for (let passed = 0; passed < 1_200; passed += 10) {
      server.connection.write(piece);
      sent += piece.length;
      await passTime(10);
    }
    server.connection.end();
    expect(await done).toMatchObject({ failed: undefined, bytesOut: sent });
    expect(client.received.length).toBe(sent);
    timers.close();
  });

  test('has its bound also when the client had finished before the tunnel began', async () => {
    const { timers, client, server, done } = tunnel({ clientEnded: true }, { halfClose: 20 });
    expect(await done).toMatchObject({ failed: 'half-closed' });
    await Promise.all([client.closed, server.closed]);
    timers.close();
  });

  test('does not count what a reader has not taken', async () => {
    const { timers, client, server, done } = tunnel(nothing, { halfClose: 40, window: 1000 });
    client.connection.pause();
    client.connection.end();
    await server.ended;
    server.connection.write(Buffer.alloc(2 * 1024 * 1024));
    server.connection.end();
    expect(await done).toMatchObject({ failed: 'half-closed' });
    client.connection.resume();
    await Promise.all([client.closed, server.closed]);
    timers.close();
  });
});

test('why a tunnel ended names the setting that would have kept it', () => {
  const timeouts = { tunnelIdleTimeout: 5, tunnelHalfCloseTimeout: 7 };
  const of = (failed: RelayResult['failed']) => tunnelError({ bytesIn: 0, bytesOut: 0, failed }, timeouts, 'http');
  expect(of('idle')).toMatchObject({
    setting: 'http.tunnelIdleTimeout',
    message: 'Neither side sent anything for 5 ms.',
  });
  expect(of('half-closed')).toMatchObject({
    setting: 'http.tunnelHalfCloseTimeout',
    message: 'One side had finished, and the other did not within 7 ms.',
  });
  expect(of('client')).toBeUndefined();
});

test('all relays together count what they carry while they are open', async () => {
  const before = relayTotals();
  const { network, timers, client, server, done } = tunnel({ fromClient: text('early'), clientEnded: false });
  const since = () => {
    const { open, bytesIn, bytesOut } = relayTotals();
    return [open - before.open, bytesIn - before.bytesIn, bytesOut - before.bytesOut];
  };
  expect(since()).toEqual([1, 5, 0]);
  server.connection.write(text('the answer'));
  server.connection.end();
  await client.ended;
  expect(since()).toEqual([1, 5, 10]);
  client.connection.end();
  await done;
  expect(since()).toEqual([0, 5, 10]);
  await Promise.all([client.closed, server.closed]);
  expect(network.open).toBe(0);
  timers.close();
});
