import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SockAddr } from '../../base/address.ts';
import type { Connection } from '../../base/connection.ts';
import { createNodeTransport } from './node.ts';

const transport = createNodeTransport();
const run = promisify(execFile);

function dial(remote: SockAddr): Promise<Connection> {
  return new Promise((resolve, reject) => {
    transport.connect(remote, {}, (error, connection) => {
      if (connection === undefined) reject(error ?? new Error('settled with nothing'));
      else resolve(connection);
    });
  });
}

describe('a socket file', () => {
  let directory: string;
  let address: SockAddr & { family: 'unix' };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'inband-node-'));
    address = { family: 'unix', path: join(directory, 'proxy.sock') };
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('left behind by a dead process is replaced', async () => {
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    await run(process.execPath, ['-e', script, address.path]).catch(() => undefined);
    expect(existsSync(address.path)).toBe(true);
    const listener = await transport.listen(address, {}, (connection) => connection.destroy());
    const connection = await dial(address);
    connection.destroy();
    await listener.close();
  });

  test('on which somebody listens is left alone', async () => {
    const listener = await transport.listen(address, {}, (connection) => connection.destroy());
    await expect(transport.listen(address, {}, () => undefined)).rejects.toMatchObject({
      code: 'proxy_configuration_error',
      message: expect.stringContaining(address.path),
    });
    const connection = await dial(address);
    connection.destroy();
    await listener.close();
  });

  test('that is no socket at all is left alone', async () => {
    await writeFile(address.path, 'precious');
    await expect(transport.listen(address, {}, () => undefined)).rejects.toMatchObject({
      code: 'proxy_configuration_error',
      message: expect.stringContaining('not a socket'),
    });
    expect(await readFile(address.path, 'utf8')).toBe('precious');
  });

  test('is gone when its listener has closed', async () => {
    const listener = await transport.listen(address, {}, () => undefined);
    await listener.close();
    expect(existsSync(address.path)).toBe(false);
  });

  test('in a directory with too long a name is an error that says so', async () => {
    const deep = join(directory, 'd'.repeat(97 - directory.length));
    await mkdir(deep);
    const path = join(deep, 'a');
    await expect(transport.listen({ family: 'unix', path }, {}, () => undefined)).rejects.toMatchObject({
      code: 'proxy_configuration_error',
      message: expect.stringMatching(/the directory of a socket has at most \d+ bytes, and this one has 98; choose/),
    });
    const fits: SockAddr = { family: 'unix', path: join(deep.slice(0, -5), 'a') };
    await mkdir(deep.slice(0, -5));
    const listener = await transport.listen(fits, {}, () => undefined);
    await listener.close();
  });

  test('in a directory that does not exist is an error that says so', async () => {
    const nowhere: SockAddr = { family: 'unix', path: join(directory, 'missing', 'proxy.sock') };
    await expect(transport.listen(nowhere, {}, () => undefined)).rejects.toMatchObject({
      code: 'proxy_configuration_error',
    });
  });
});

test('an IPv4 client of a dual-stack listener has an IPv4 address', async () => {
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const listener = await transport.listen({ family: 'inet6', address: '::', port: 0 }, {}, resolve);
  const port = listener.address.family === 'unix' ? 0 : listener.address.port;
  const client = await dial({ family: 'inet', address: '127.0.0.1', port });
  const server = await promise;
  expect(server.remote).toEqual(client.local);
  expect(server.local).toEqual({ family: 'inet', address: '127.0.0.1', port });
  client.destroy();
  server.destroy();
  await listener.close();
});

test('an address that is not of this machine cannot be listened on', async () => {
  await expect(
    transport.listen({ family: 'inet', address: '192.0.2.1', port: 0 }, {}, () => undefined),
  ).rejects.toMatchObject({
    code: 'proxy_configuration_error',
    message: expect.stringContaining('EADDRNOTAVAIL'),
  });
});

test('running out of descriptors fails connections, not the process', async () => {
  const script = `
    import { createNodeTransport } from ${JSON.stringify(new URL('./node.ts', import.meta.url).href)};
    const transport = createNodeTransport();
    const accepted = [];
    const listener = await transport.listen({ family: 'inet', address: '127.0.0.1', port: 0 }, {}, (c) => accepted.push(c));
    const dial = () => new Promise((resolve) => transport.connect(listener.address, {}, (e, c) => resolve(c ?? e.code)));
    const outcomes = await Promise.all(Array.from({ length: 100 }, dial));
    const codes = outcomes.filter((o) => typeof o === 'string');
    for (const o of outcomes) if (typeof o !== 'string') o.destroy();
    for (const c of accepted.splice(0)) c.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const c of accepted.splice(0)) c.destroy();
    const again = await dial();
    console.log(JSON.stringify({ codes: [...new Set(codes)], again: typeof again }));
    process.exit(0);
  `;
  const { stdout } = await run('sh', [
    '-c',
    'ulimit -n 64 && exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script,
  ]);
  expect(JSON.parse(stdout)).toEqual({ codes: ['connection_limit_reached'], again: 'object' });
});

test.runIf(process.platform === 'linux')(
  'an address is shared by those who all ask for it, and by nobody else',
  async () => {
    const first = await transport.listen(
      { family: 'inet', address: '127.0.0.1', port: 0 },
      { reusePort: true },
      ignore,
    );
    const second = await transport.listen(first.address, { reusePort: true }, ignore);
    expect(second.address).toEqual(first.address);
    await expect(transport.listen(first.address, {}, ignore)).rejects.toThrow(/EADDRINUSE/);
    await Promise.all([first.close(), second.close()]);
  },
);

function ignore(connection: Connection): void {
  connection.destroy();
}
