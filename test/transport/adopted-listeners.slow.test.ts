import {
  type Connection,
  createEpollTransport,
  createNodeTransport,
  epollUnavailable,
  type SockAddr,
  type Transport,
} from '@inband/core';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'inband-adopted-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Accepts, and tells by whom. */
const greet =
  (name: string) =>
  (connection: Connection): void => {
    connection.write(Buffer.from(name));
    connection.end(true);
  };

const to = (address: SockAddr): Socket =>
  address.family === 'unix' ? connect(address.path) : connect(address.port, address.address);

async function greeting(address: SockAddr): Promise<string> {
  const socket = to(address);
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(socket, 'close');
  return text;
}

// What lends is epoll, because its descriptors are independent of those that it lends.
describe.runIf(epollUnavailable() === undefined).each([
  ['epoll', createEpollTransport],
  ['node', createNodeTransport],
] satisfies [string, () => Transport][])('a listening socket of another one on the transport %s', (name, create) => {
  const binds: [string, () => SockAddr][] = [
    ['a port', () => ({ family: 'inet', address: '127.0.0.1', port: 0 })],
    ['a file', () => ({ family: 'unix', path: join(directory, 'a.sock') })],
    ['an abstract name', () => ({ family: 'unix', path: `\0${directory}` })],
  ];
  test.each(binds)('is adopted with its address, and goes on when the first one is closed: %s', async (_what, bind) => {
    const first = await createEpollTransport().listen(bind(), {}, greet('first'));
    const lent = first.share?.();
    const second = await create().adopt?.(lent?.descriptor ?? -1, { ownsFile: true }, greet('second'));
    expect(second?.address).toEqual(first.address);
    await first.close(true);
    for (let count = 0; count < 20; count += 1) expect(await greeting(first.address)).toBe('second');
    await second?.close();
    if (first.address.family === 'unix') expect(existsSync(first.address.path)).toBe(false);
    to(first.address).on('error', (error) => expect(error).toBeDefined());
  });

  test('keeps the file of a socket that belongs to another one', async () => {
    const path = join(directory, 'a.sock');
    const first = await createEpollTransport().listen({ family: 'unix', path }, {}, greet('first'));
    const second = await create().adopt?.(first.share?.().descriptor ?? -1, { ownsFile: false }, greet('second'));
    expect(second?.isFileThere?.()).toBe(true);
    await second?.close();
    expect(existsSync(path)).toBe(true);
    expect(await greeting(first.address)).toBe('first');
    await first.close();
    expect(existsSync(path)).toBe(false);
  });

  test('leaves who waits in the queue to the other one', async () => {
    const first = await create().listen({ family: 'inet', address: '127.0.0.1', port: 0 }, {}, greet('first'));
    const handle = first.share?.();
    expect(handle?.descriptor).toBeGreaterThan(2);
    expect(handle?.handle).toBeTypeOf('object');
    const waiting = to(first.address);
    if (name === 'epoll') {
      const second = await createEpollTransport().adopt?.(
        handle?.descriptor ?? -1,
        { ownsFile: true },
        greet('second'),
      );
      const closed = first.close(true);
      const [text] = (await once(waiting, 'data')) as [Buffer];
      expect(['first', 'second']).toContain(text.toString());
      await closed;
      await second?.close();
    } else {
      await once(waiting, 'data');
      await first.close();
    }
    waiting.destroy();
  });

  test('is refused where the descriptor does not listen', async () => {
    const file = openSync('/dev/null', 'r');
    await expect(create().adopt?.(file, { ownsFile: false }, greet('never'))).rejects.toThrow(
      /no listening stream socket/,
    );
  });
});
