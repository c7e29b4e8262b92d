import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Program, startProgram } from '../../test-support/program.ts';

let folder: string;
let origin: Server;
let originPort: number;
let open: Socket[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-draining-'));
  origin = createServer((_request, response) => void response.end('hello'));
  await once(origin.listen(0, '127.0.0.1'), 'listening');
  originPort = (origin.address() as AddressInfo).port;
});
afterAll(async () => {
  origin.close();
  origin.closeAllConnections();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  for (const socket of open) socket.destroy();
  open = [];
});

interface How {
  readonly transport: 'epoll' | 'node';
  readonly workers?: number;
  readonly shutdown?: string;
}

async function start({ transport, workers = 1, shutdown = '{ grace: 60s }' }: How) {
  const file = join(folder, `${transport}-${workers}.yaml`);
  await writeFile(
    file,
    `transport: ${transport}
workers: ${workers}
shutdown: ${shutdown}
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, http: { connectPorts: any }, routes: [{ chainer: { type: inband } }] } }
`,
  );
  const program = startProgram(['--config', file]);
  const port = Number(
    String((await program.logged('listening')).address)
      .split(':')
      .at(-1),
  );
  return { program, port };
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  open.push(socket);
  await once(socket, 'connect');
  return socket;
}

const request = (): string => `GET http://127.0.0.1:${originPort}/ HTTP/1.1\r\nHost: 127.0.0.1:${originPort}\r\n\r\n`;

/** The whole answer, up to the end of the connection. */
async function ask(socket: Socket): Promise<string> {
  socket.write(request());
  return text(socket).catch((error: NodeJS.ErrnoException) => String(error.code));
}

async function answerOf(port: number): Promise<string> {
  return connectTo(port).then(ask, (error: NodeJS.ErrnoException) => String(error.code));
}

const SERVED = /^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n[^]*hello$/;

/** A tunnel in which nothing moves. */
async function openTunnel(port: number) {
  const server = createTcpServer((socket) => open.push(socket.resume()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const socket = await connectTo(port);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await once(socket, 'data');
  server.close();
  return socket;
}

async function stopped(program: Program): Promise<void> {
  expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
}

const transports = process.platform === 'linux' ? (['epoll', 'node'] as const) : (['node'] as const);

describe.each(transports)('SIGTERM on the transport %s', (transport) => {
  test.each([
    [1, 'keep'],
    [1, 'close'],
    [2, 'keep'],
    [2, 'close'],
  ])('loses none of 16 clients that wait in the accept queue: %d worker(s), listen: %s', async (workers, listen) => {
    const { program, port } = await start({ transport, workers, shutdown: `{ grace: 60s, listen: ${listen} }` });
    // Nobody accepts while every process stands still. The kernel connects them nevertheless.
    const pids = await program.processes();
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const clients = await Promise.all(Array.from({ length: 16 }, () => connectTo(port)));
    const answers = Promise.all(clients.map(ask));
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    for (const answer of await answers) expect(answer).toMatch(SERVED);
    await stopped(program);
  });

  test('serves a client that was accepted before and asks after it', async () => {
    const { program, port } = await start({ transport });
    const silent = await connectTo(port);
    // It has been accepted when one that came later has an answer.
    const other = await connectTo(port);
    other.write(request());
    await once(other, 'data');
    program.kill('SIGTERM');
    await program.logged('stopping');
    expect(await ask(silent)).toMatch(SERVED);
    await stopped(program);
  });

  test.each([1, 2])('accepts new clients as long as an idle tunnel is there: %d worker(s)', async (workers) => {
    const { program, port } = await start({ transport, workers });
    const tunnel = await openTunnel(port);
    program.kill('SIGTERM');
    // All the while, so also when a worker that has nothing left to do leaves.
    const answers = new Set<string>();
    await program.logged('stopping');
    for (let count = 0; count < 100; count += 1) answers.add((await answerOf(port)).replace(/^Date: .*$/m, ''));
    expect([...answers]).toEqual([expect.stringMatching(SERVED)]);
    tunnel.destroy();
    await stopped(program);
    expect(await answerOf(port)).toBe('ECONNREFUSED');
  });

  test('accepts new clients almost to the end of the grace', async () => {
    const { program, port } = await start({ transport, shutdown: '{ grace: 3s }' });
    const tunnel = await openTunnel(port);
    tunnel.on('error', () => undefined);
    program.kill('SIGTERM');
    const { time } = await program.logged('stopping');
    let last = '';
    let lastServed = 0;
    while (last !== 'ECONNREFUSED') {
      last = await answerOf(port);
      if (SERVED.test(last)) lastServed = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(lastServed - Date.parse(String(time))).toBeGreaterThan(1_000);
    await stopped(program);
  });

  test('with listen: close refuses new clients, and lets those that are there finish', async () => {
    const { program, port } = await start({ transport, shutdown: '{ grace: 60s, listen: close }' });
    const silent = await connectTo(port);
    const tunnel = await openTunnel(port);
    program.kill('SIGTERM');
    await program.logged('stopping');
    const answer = ask(silent);
    expect(await answer).toMatch(SERVED);
    expect(await answerOf(port)).toBe('ECONNREFUSED');
    tunnel.destroy();
    await stopped(program);
  });

  test.each([1, 2])('cuts tunnels at their own time, and says why: %d worker(s)', async (workers) => {
    const shorter = await start({ transport, workers, shutdown: '{ grace: 60s, tunnels: 200ms, listen: close }' });
    const tunnel = await openTunnel(shorter.port);
    tunnel.on('error', () => undefined);
    shorter.program.kill('SIGTERM');
    const cut = await shorter.program.logged('closing tunnels that did not end in time');
    expect(cut).toMatchObject({ connections: 1, setting: 'shutdown.tunnels' });
    expect(await shorter.program.logged('tunnel')).toMatchObject({ why: expect.stringContaining('shutdown.tunnels') });
    await stopped(shorter.program);
  });

  test('lets tunnels outlive requests where they have more time', async () => {
    const longer = await start({ transport, shutdown: '{ grace: 300ms, tunnels: 60s, listen: close }' });
    const silent = createTcpServer((socket) => open.push(socket.resume()));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const waiting = (await connectTo(longer.port)).on('error', () => undefined).resume();
    waiting.write(`GET http://127.0.0.1:${(silent.address() as AddressInfo).port}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
    await once(silent, 'connection');
    silent.close();
    const closed = once(waiting, 'close');
    const tunnel = await openTunnel(longer.port);
    longer.program.kill('SIGTERM');
    await closed;
    const cut = await longer.program.logged('closing what did not finish in time');
    expect(cut).toMatchObject({ connections: 1, setting: 'shutdown.grace' });
    expect(tunnel.closed).toBe(false);
    tunnel.destroy();
    await stopped(longer.program);
  });

  test('ends at once when nothing is left but the listener', async () => {
    const { program } = await start({ transport });
    const begun = performance.now();
    program.kill('SIGTERM');
    await stopped(program);
    expect(performance.now() - begun).toBeLessThan(25_000);
  });
});
