import {
  type Connection,
  createEpollTransport,
  createNodeTransport,
  epollUnavailable,
  type SockAddr,
  type Transport,
} from '@inband/core';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeRequiring } from '../support/requires.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'inband-unix-'));
  await chmod(directory, 0o755);
});

afterEach(() => rm(directory, { recursive: true }));

const close = (connection: Connection): void => connection.destroy();

/** Whether somebody accepts there. */
function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.once('connect', () => {
    resolve(true);
    socket.destroy();
  });
  socket.once('error', () => resolve(false));
  return promise;
}

/** Connects as a user without any rights, again and again, and prints a line for each time that it could. */
const STRANGER = `
  const net = require('node:net');
  process.stdout.write('ready\\n');
  (function again() {
    const socket = net.connect({ path: process.argv[1] });
    socket.on('connect', () => process.stdout.write('in\\n'));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => setImmediate(again));
  })();
`;

const transports: [string, () => Transport][] = [['node', createNodeTransport]];
if (epollUnavailable() === undefined) transports.push(['epoll', createEpollTransport]);

describe.each(transports)('a unix listener of %s', (_name, create) => {
  test('does not remove the file of another one that took its place', async () => {
    const address: SockAddr = { family: 'unix', path: join(directory, 'proxy.sock') };
    const first = await create().listen(address, {}, close);
    expect(first.isFileThere?.()).toBe(true);
    await rm(address.path);
    expect(first.isFileThere?.()).toBe(false);
    const second = await create().listen(address, {}, close);
    expect(first.isFileThere?.()).toBe(false);
    await first.close();
    expect(await answers(address.path)).toBe(true);
    expect(second.isFileThere?.()).toBe(true);
    await second.close();
    expect(await readdir(directory)).toEqual([]);
    expect(second.isFileThere?.()).toBe(true);
  });

  test('has the mode that was asked for, whatever the umask', async () => {
    const address: SockAddr = { family: 'unix', path: join(directory, 'proxy.sock') };
    for (const mode of [0o600, 0o660, 0o666, 0o777]) {
      const listener = await create().listen(address, { file: { mode } }, close);
      expect((await stat(address.path)).mode & 0o777).toBe(mode);
      await listener.close();
    }
  });

  test('leaves nothing behind when it cannot listen', async () => {
    const address: SockAddr = { family: 'unix', path: join(directory, 'proxy.sock') };
    const listener = await create().listen(address, {}, close);
    await expect(create().listen(address, {}, close)).rejects.toMatchObject({ code: 'proxy_configuration_error' });
    expect(await readdir(directory)).toEqual(['proxy.sock']);
    await listener.close();
  });

  test.runIf(process.platform === 'linux')('may have an abstract name, which leaves no file', async () => {
    const address: SockAddr = { family: 'unix', path: `\0inband-unix-${process.pid}` };
    const listener = await create().listen(address, {}, close);
    expect(await answers(address.path)).toBe(true);
    await expect(create().listen(address, {}, close)).rejects.toThrow(
      /listen on unix:@inband-unix-\d+: another process/,
    );
    await listener.close();
    expect(await answers(address.path)).toBe(false);
    expect(await readdir(directory)).toEqual([]);
  });
});

describeRequiring({ root: true, linux: true }, 'a unix listener of root', () => {
  test.each(transports)('belongs to the user and group that were asked for: %s', async (_name, create) => {
    const address: SockAddr = { family: 'unix', path: join(directory, 'proxy.sock') };
    const listener = await create().listen(address, { file: { uid: 65_534, gid: 1, mode: 0o660 } }, close);
    const { uid, gid, mode } = await lstat(address.path);
    expect([uid, gid, mode & 0o777]).toEqual([65_534, 1, 0o660]);
    await listener.close();
  });

  test.each(transports)(
    'never lets in whom its mode keeps out, from the first moment on: %s',
    async (_name, create) => {
      const path = join(directory, 'proxy.sock');
      const stranger = spawn(process.execPath, ['--eval', STRANGER, path], { uid: 65_534, gid: 65_534, cwd: '/' });
      let output = '';
      stranger.stdout.on('data', (text: Buffer) => (output += text.toString()));
      await once(stranger.stdout, 'data');
      const before = process.umask(0);
      let accepted = 0;
      try {
        for (let times = 0; times < 300; times += 1) {
          const accept = (connection: Connection): void => {
            accepted += 1;
            connection.destroy();
          };
          const listener = await create().listen({ family: 'unix', path }, { file: { mode: 0o600 } }, accept);
          await listener.close();
        }
        // It would come in if it were let in.
        const open = await create().listen({ family: 'unix', path }, { file: { mode: 0o666 } }, close);
        await expect.poll(() => output, { timeout: 10_000 }).toContain('in\n');
        await open.close();
      } finally {
        process.umask(before);
        stranger.kill('SIGKILL');
        await once(stranger, 'close');
      }
      expect(accepted).toBe(0);
    },
  );
});
