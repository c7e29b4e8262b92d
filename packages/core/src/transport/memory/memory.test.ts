import { afterEach, expect, test, vi } from 'vitest';
import type { SockAddr } from '../../base/address.ts';
import { ignoreEvents } from '../../base/connection.ts';
import type { Connection, Transport } from '../../base/connection.ts';
import { createMemoryNetwork, byteByByte, pseudoRandom } from './memory.ts';
import type { MemoryNetworkOptions } from './memory.ts';

const server: SockAddr = { family: 'inet', address: '198.51.100.1', port: 80 };

afterEach(() => {
  vi.useRealTimers();
});

function dial(transport: Transport, remote: SockAddr): Promise<Connection> {
  return new Promise((resolve, reject) => {
    transport.connect(remote, {}, (error, connection) => {
      if (connection === undefined) reject(error ?? new Error('settled with nothing'));
      else resolve(connection);
    });
  });
}

/** The sizes of the pieces in which `bytes` arrive. */
async function pieces(options: MemoryNetworkOptions, bytes: string): Promise<number[]> {
  const pair = createMemoryNetwork(options).connectPair();
  const sizes: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  pair.server.handler = { ...ignoreEvents, data: (_bytes, start, end) => sizes.push(end - start), ended: resolve };
  pair.server.resume();
  pair.client.write(Buffer.from(bytes));
  pair.client.end();
  await promise;
  return sizes;
}

test('delivered bytes do not survive the call', async () => {
  const pair = createMemoryNetwork().connectPair();
  const kept = await new Promise<Buffer>((resolve) => {
    pair.server.handler = { ...ignoreEvents, data: (bytes, start, end) => resolve(bytes.subarray(start, end)) };
    pair.server.resume();
    pair.client.write(Buffer.from('secret'));
  });
  expect(kept).toEqual(Buffer.alloc(6, 0xaa));
});

test('bytes are cut as told, the same way in every run', async () => {
  const text = 'x'.repeat(1000);
  expect(await pieces({}, text)).toEqual([1000]);
  expect(await pieces({ split: byteByByte }, text)).toHaveLength(1000);
  const random = await pieces({ split: pseudoRandom(42) }, text);
  expect(await pieces({ split: pseudoRandom(42) }, text)).toEqual(random);
  expect(await pieces({ split: pseudoRandom(43) }, text)).not.toEqual(random);
  expect(new Set(random).size).toBeGreaterThan(3);
});

test('a client comes from the address of its transport', async () => {
  const network = createMemoryNetwork();
  const accepted: Connection[] = [];
  await network.transport().listen(server, {}, (connection) => accepted.push(connection));
  const v6: SockAddr = { family: 'inet6', address: '2001:db8::2', port: 80 };
  await network.transport().listen(v6, {}, (connection) => accepted.push(connection));
  await dial(network.transport({ address: '10.1.2.3' }), server);
  await dial(network.transport({ address: '2001:db8::1' }), v6);
  await dial(network.transport(), v6);
  expect(accepted.map((connection) => connection.remote)).toMatchObject([
    { family: 'inet', address: '10.1.2.3' },
    { family: 'inet6', address: '2001:db8::1' },
    { family: 'inet6', address: '::1' },
  ]);
});

test('a wildcard listener serves every address, and an exact one goes first', async () => {
  const network = createMemoryNetwork();
  const transport = network.transport();
  const heard: string[] = [];
  await transport.listen({ family: 'inet', address: '0.0.0.0', port: 80 }, {}, () => heard.push('wildcard'));
  await transport.listen(server, {}, () => heard.push('exact'));
  await transport.listen({ family: 'inet6', address: '::', port: 81 }, {}, () => heard.push('dual-stack'));
  await dial(transport, server);
  const other = await dial(transport, { family: 'inet', address: '198.51.100.2', port: 80 });
  await dial(transport, { family: 'inet', address: '198.51.100.2', port: 81 });
  expect(heard).toEqual(['exact', 'wildcard', 'dual-stack']);
  expect(other.remote).toEqual({ family: 'inet', address: '198.51.100.2', port: 80 });
});

test('every address that was dialled is recorded, also in vain', async () => {
  const network = createMemoryNetwork();
  await expect(dial(network.transport(), server)).rejects.toMatchObject({ code: 'connection_refused' });
  expect(network.dialled).toEqual([server]);
});

test('an unreachable address has no route, on one port or on all', async () => {
  const network = createMemoryNetwork();
  const transport = network.transport();
  network.unreachable({ ...server, port: 0 });
  await expect(dial(transport, server)).rejects.toMatchObject({ code: 'destination_ip_unroutable' });
  network.unreachable({ family: 'inet', address: '198.51.100.9', port: 80 });
  await expect(dial(transport, { family: 'inet', address: '198.51.100.9', port: 81 })).rejects.toMatchObject({
    code: 'connection_refused',
  });
});

test('a black hole never answers, and leaves nothing open', async () => {
  const network = createMemoryNetwork();
  const transport = network.transport();
  await transport.listen(server, {}, () => undefined);
  network.blackhole(server);
  const settle = vi.fn<() => void>();
  const cancel = transport.connect(server, {}, settle);
  for (let iteration = 0; iteration < 10; iteration += 1) await new Promise(setImmediate);
  cancel();
  expect(settle).not.toHaveBeenCalled();
  expect(network.connections()).toEqual([]);
});

test('what is open is counted until closed was delivered', async () => {
  const network = createMemoryNetwork();
  const listener = await network.transport().listen(server, {}, () => undefined);
  const pair = network.connectPair();
  expect(network.open).toBe(3);
  expect(network.connections()).toEqual([pair.client, pair.server]);
  pair.client.destroy();
  pair.server.destroy();
  expect(network.open).toBe(3);
  await new Promise((resolve) => {
    pair.server.handler = { ...ignoreEvents, closed: resolve };
  });
  await listener.close();
  expect(network.open).toBe(0);
});

test('fake timers do not stop the network', async () => {
  vi.useFakeTimers();
  expect(await pieces({}, 'still delivered')).toEqual([15]);
});

test('a handler that throws does not silence the other connections', async () => {
  const network = createMemoryNetwork();
  const faulty = network.connectPair();
  const sound = network.connectPair();
  const caught: unknown[] = [];
  const previous = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (error) => caught.push(error));
  const heard = new Promise<void>((resolve) => {
    sound.server.handler = { ...ignoreEvents, data: () => resolve() };
  });
  faulty.server.handler = {
    ...ignoreEvents,
    data: () => {
      throw new Error('a defect of the owner');
    },
  };
  for (const pair of [faulty, sound]) {
    pair.server.resume();
    pair.client.write(Buffer.from('x'));
  }
  await heard;
  for (const listener of previous) process.on('uncaughtException', listener);
  expect(caught).toMatchObject([{ message: 'a defect of the owner' }]);
});
