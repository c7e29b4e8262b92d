import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ACCESS, TOKENS } from '../../test-support/admin-app.ts';
import { ScriptedState } from '../../test-support/scripted-state.ts';
import type { AdminAddress, AdminOptions } from '../base/options.ts';
import { askAdminServer, type AdminServerAddress } from '../client/ask-server.ts';
import { startAdminServer } from './admin-server.ts';
import { tlsProblem } from './tls-problem.ts';

const fixtures = new URL('../../../../test/fixtures/tls/', import.meta.url);
let folder: string;
let tls: { readonly cert: string; readonly key: string };
/** Another certificate. */
let other: typeof tls;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-admin-server-'));
  const read = (url: URL) => readFile(url, 'utf8');
  tls = { cert: await read(new URL('localhost.crt', fixtures)), key: await read(new URL('localhost.key', fixtures)) };
  const made = new URL('../../test-support/', import.meta.url);
  other = { cert: await read(new URL('other.crt', made)), key: await read(new URL('other.key', made)) };
});
afterAll(() => rm(folder, { recursive: true }));

const LOOPBACK: AdminAddress = { host: '127.0.0.1', port: 0 };
const READY = { status: 'ready', reasons: [], listeners: [] };
const live = { method: 'GET', path: '/health/live', timeout: 10_000 } as const;
const ready = { method: 'GET', path: '/health/ready', timeout: 10_000 } as const;

async function start(options: Partial<AdminOptions> = {}) {
  const state = new ScriptedState({ health: READY, generations: { workers: [], missing: [] } });
  const server = await startAdminServer(state, { listen: LOOPBACK, access: ACCESS, ...options });
  onTestFinished(() => server.close());
  return server;
}

function at(address: string): AdminAddress {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length).replace(/^@/, '\0') };
  const { hostname, port } = new URL(`http://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

const ask = (address: string, more: Partial<AdminServerAddress> = {}) =>
  askAdminServer({ listen: at(address), ...more }, ready);

describe('the admin server', () => {
  test.each([
    ['127.0.0.1', /^127\.0\.0\.1:\d+$/],
    ['::1', /^\[::1\]:\d+$/],
  ])('listens on a port of %s', async (host, address) => {
    const server = await start({ listen: { host, port: 0 } });
    expect(server.address).toMatch(address);
    expect(await ask(server.address)).toEqual({ status: 200, isProblem: false, body: READY });
  });

  test('says what is in the way of its port', async () => {
    const { address } = await start();
    await expect(start({ listen: at(address) })).rejects.toThrow('EADDRINUSE');
  });

  test.each([
    ['NO /such HTTP/1.1\r\n\r\n', 400, 'This is not an HTTP request.'],
    [
      `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'The fields of the request are too large.',
    ],
  ])('answers what it cannot read with a problem, too: %.20j', async (sent, status, detail) => {
    const { port } = at((await start()).address) as { readonly port: number };
    const client = connect(port, '127.0.0.1', () => client.write(sent));
    const [head, body] = (await text(client)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*\r\ncontent-type: application/problem\\+json\r\n`));
    expect(JSON.parse(body ?? '')).toEqual({ status, title: 'The request is wrong', detail });
  });

  test('takes a token of the client', async () => {
    const { address } = await start();
    const generations = { method: 'GET', path: '/generations', timeout: 10_000 } as const;
    const asked = (token?: string) => askAdminServer({ listen: at(address), token }, generations);
    expect(await asked()).toMatchObject({ status: 401, isProblem: true });
    expect(await asked(TOKENS.read)).toMatchObject({ status: 200 });
  });

  test('closes connections that wait', async () => {
    const server = await start();
    const waiting = connect(Number(server.address.split(':').at(-1)), '127.0.0.1');
    const closed = new Promise((resolve) => waiting.on('error', () => undefined).on('close', resolve));
    await new Promise<void>((connected) => waiting.on('connect', connected));
    await ask(server.address);
    await server.close();
    await closed;
  });
});

describe.skipIf(process.platform === 'win32')('a unix socket', () => {
  test('is for its user only, unless a mode is said', async () => {
    const path = join(folder, 'a.sock');
    const server = await start({ listen: { path } });
    expect(server.address).toBe(`unix:${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await ask(server.address)).toMatchObject({ status: 200 });
    await server.close();
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await start({ listen: { path, mode: 0o660 } });
    expect((await stat(path)).mode & 0o777).toBe(0o660);
  });

  test('that was left behind is replaced, one that is in use and a file are not', async () => {
    const path = join(folder, 'b.sock');
    // A socket without a process: closing removes the file by the name that it had.
    const gone = createServer();
    await new Promise<void>((listening) => gone.listen(join(folder, 'gone.sock'), listening));
    await rename(join(folder, 'gone.sock'), path);
    await new Promise((closed) => gone.close(closed));
    expect((await stat(path)).isSocket()).toBe(true);
    const first = await start({ listen: { path } });
    expect(await ask(first.address)).toMatchObject({ status: 200 });
    await expect(start({ listen: { path } })).rejects.toThrow(`another process listens at ${path}.`);
    const file = join(folder, 'file');
    await writeFile(file, 'precious');
    await expect(start({ listen: { path: file } })).rejects.toThrow('exists, and is no socket');
    expect(await readFile(file, 'utf8')).toBe('precious');
    await first.close();
  });

  test('is made in a folder that is removed, also if a process was killed before it could', async () => {
    const left = join(folder, '.inband-aB3dE9');
    await mkdir(left, { mode: 0o700 });
    await utimes(left, 0, 0);
    await start({ listen: { path: join(folder, 'd.sock') } });
    expect((await readdir(folder)).filter((name) => name.startsWith('.inband-'))).toEqual([]);
  });

  test('that another process has made at the same place meanwhile is not removed', async () => {
    const path = join(folder, 'c.sock');
    const first = await start({ listen: { path } });
    await rm(path);
    await start({ listen: { path } });
    await first.close();
    expect((await stat(path)).isSocket()).toBe(true);
  });

  test.runIf(process.platform === 'linux')('may be an abstract name', async () => {
    const server = await start({ listen: { path: `\0inband-test-${process.pid}` } });
    expect(server.address).toBe(`unix:@inband-test-${process.pid}`);
    expect(await ask(server.address)).toMatchObject({ status: 200 });
  });
});

describe('with TLS', () => {
  test('the client takes the certificate of the configuration, and no other', async () => {
    const { address } = await start({ tls });
    expect(await ask(address, { certificate: tls.cert })).toMatchObject({ status: 200 });
    await expect(ask(address, { certificate: other.cert })).rejects.toThrow('it has another certificate');
    await expect(ask(address)).rejects.toThrow();
  });

  test('the certificate can change while it listens', async () => {
    const server = await start({ tls });
    server.configure({ access: ACCESS, tls: other });
    expect(await ask(server.address, { certificate: other.cert })).toMatchObject({ status: 200 });
  });

  test('a key that does not belong to the certificate is a problem', () => {
    expect(tlsProblem(tls)).toBeUndefined();
    expect(tlsProblem({ cert: tls.cert, key: other.key })).toMatch(/key/i);
    expect(tlsProblem({ cert: 'none', key: tls.key })).toBeDefined();
  });
});

test('the client gives up a server that does not answer, and one that is none', async () => {
  await expect(askAdminServer({ listen: { host: '127.0.0.1', port: 1 } }, live)).rejects.toThrow('ECONNREFUSED');
  const silent = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void silent.close());
  const address = silent.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const asked = askAdminServer({ listen: { host: '127.0.0.1', port } }, { ...live, timeout: 200 });
  await expect(asked).rejects.toThrow(/abort|timeout/i);
});
