import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import type { SockAddr } from '../../base/address.ts';
import { ignoreEvents } from '../../base/connection.ts';
import { connectionFromDuplex, duplexFromConnection } from './duplex.ts';
import { createMemoryNetwork } from '../memory/memory.ts';

const local: SockAddr = { family: 'inet', address: '192.0.2.1', port: 1 };
const remote: SockAddr = { family: 'inet', address: '192.0.2.2', port: 2 };

test('a stream of objects or of text is refused', () => {
  expect(() => connectionFromDuplex(new PassThrough({ objectMode: true }), { local, remote })).toThrow(TypeError);
  expect(() => connectionFromDuplex(new PassThrough().setEncoding('utf8'), { local, remote })).toThrow(TypeError);
});

test('a stream that was closed before is a connection that closes', async () => {
  const stream = new PassThrough();
  stream.destroy();
  await once(stream, 'close');
  const connection = connectionFromDuplex(stream, { local, remote });
  await new Promise<void>((closed) => {
    connection.handler = { data() {}, drained() {}, ended() {}, closed: () => closed() };
  });
});

test('an error of the stream becomes a ProxyError that keeps its words', async () => {
  const stream = new PassThrough();
  const connection = connectionFromDuplex(stream, { local, remote });
  const closed = new Promise<Error | undefined>((resolve) => {
    connection.handler = { ...ignoreEvents, closed: resolve };
  });
  stream.destroy(new Error('the tunnel collapsed'));
  expect(await closed).toMatchObject({
    code: 'connection_terminated',
    message: expect.stringContaining('the tunnel collapsed'),
  });
});

test('a stream that closes from within destroy does not break the contract', async () => {
  const stream = new Duplex({ read() {}, autoDestroy: false });
  stream.destroy = () => {
    stream.emit('close');
    return stream;
  };
  const connection = connectionFromDuplex(stream, { local, remote });
  let closed = 0;
  const done = new Promise<void>((resolve) => {
    connection.handler = {
      ...ignoreEvents,
      closed: () => {
        closed += 1;
        resolve();
      },
    };
  });
  connection.destroy();
  expect(closed).toBe(0);
  await done;
  expect(closed).toBe(1);
});

test('streams over both ends of a connection work with pipeline', async () => {
  const pair = createMemoryNetwork().connectPair();
  const server = duplexFromConnection(pair.server);
  const client = duplexFromConnection(pair.client);
  const echoed = pipeline(server, new PassThrough(), server);
  const text = 'round and round '.repeat(20_000);
  client.end(text);
  client.setEncoding('utf8');
  let received = '';
  for await (const part of client) received += String(part);
  expect(received).toBe(text);
  await echoed;
});

test('destroying the stream with an error resets the connection', async () => {
  const pair = createMemoryNetwork().connectPair();
  const stream = duplexFromConnection(pair.client);
  const reason = new Error('given up');
  const heard = new Promise<unknown>((resolve) => stream.once('error', resolve));
  const closed = new Promise<Error | undefined>((resolve) => {
    pair.server.handler = { ...ignoreEvents, closed: resolve };
  });
  stream.destroy(reason);
  expect(await heard).toBe(reason);
  expect(await closed).toMatchObject({ code: 'connection_terminated' });
});

test('a reset of the connection is an error of the stream, also for a write that waits', async () => {
  const pair = createMemoryNetwork({ window: 1024 }).connectPair();
  const stream = duplexFromConnection(pair.client);
  const error = new Promise<unknown>((resolve) => stream.once('error', resolve));
  const written = new Promise<unknown>((resolve) => stream.write(Buffer.alloc(4096), resolve));
  pair.server.destroy(new Error('given up'));
  expect(await error).toMatchObject({ code: 'connection_terminated' });
  expect(await written).toBeInstanceOf(Error);
});

test('what was received before an orderly close can be read after it', async () => {
  const network = createMemoryNetwork();
  const pair = network.connectPair();
  const stream = duplexFromConnection(pair.client);
  stream.read(0);
  stream.end();
  pair.server.write(Buffer.from('last words'));
  pair.server.end();
  pair.server.resume();
  while (network.open > 0) await new Promise(setImmediate);
  expect(stream.read()).toEqual(Buffer.from('last words'));
  stream.resume();
  await new Promise((resolve) => stream.once('close', resolve));
});
