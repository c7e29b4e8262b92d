import { createEpollTransport, epollUnavailable, FIRST_MOMENT } from '@inband/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { KeptClient } from '../../test-support/kept-clients.ts';
import { echoServer, listenOn, loadOrigin } from '../../test-support/reload-load.ts';
import { PROGRAM_FILE } from '../../test-support/program-file.ts';

const LONG = 120_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-restart-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A listening socket on which nobody accepts, as systemd has it. */
async function heldSocket(): Promise<{ readonly port: number; readonly descriptor: number }> {
  const listener = await createEpollTransport().listen(
    { family: 'inet', address: '127.0.0.1', port: 0 },
    {},
    (client) => client.destroy(new Error('nobody accepts here')),
  );
  const held = listener.share?.();
  await listener.close(true);
  const { address } = listener;
  onTestFinished(() => held?.release());
  return { port: 'port' in address ? address.port : 0, descriptor: held?.descriptor ?? -1 };
}

/** The program, and all that it has logged so far. */
interface Started {
  readonly child: ChildProcess;
  readonly log: () => string;
}

/** Starts the program as systemd does, and resolves when it accepts. `descriptors`: of its sockets, by their names. */
async function start(file: string, descriptors: Readonly<Record<string, number>>): Promise<Started> {
  const names = Object.keys(descriptors);
  const child = spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, PROGRAM_FILE, '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit', ...Object.values(descriptors)],
    env: { ...process.env, LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(':') },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  while (output.split('"msg":"listening"').length <= names.length && child.stdout !== null)
    await once(child.stdout, 'data');
  return { child, log: () => output };
}

/** The body of an answer on a connection of its own. */
async function ask(port: number, path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n`);
  const answer = await text(socket);
  if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(`${path}: ${JSON.stringify(answer.slice(0, 100))}`);
  return answer;
}

const config = (workers: number, origin: number): string => `
workers: ${workers}
log: { access: false }
shutdown: { grace: 20s }
listeners: [{ bind: "systemd:web", service: web }]
services: { web: { mode: reverse, routes: [{ chainer: { type: directed, remote: "127.0.0.1:${origin}" } }] } }
`;

/** The same with a forward proxy, and tunnels that have less time than requests. */
const withTunnels = (workers: number, origin: number): string => `
workers: ${workers}
shutdown: { grace: 20s, tunnels: 1500ms }
listeners: [{ bind: "systemd:web", service: web }, { bind: "systemd:browser", service: browser }]
services:
  web: { mode: reverse, routes: [{ chainer: { type: directed, remote: "127.0.0.1:${origin}" } }] }
  browser: { mode: forward, http: { connectPorts: any }, routes: [{ chainer: { type: inband } }] }
`;

const UPGRADE =
  'GET /socket HTTP/1.1\r\nHost: web\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A tunnel or a WebSocket, which echoes. */
class Echo {
  readonly #socket: Socket;
  readonly closed: Promise<unknown>;

  constructor(socket: Socket) {
    this.#socket = socket.on('error', () => undefined);
    this.closed = once(socket, 'close');
  }

  static async open(port: number, head: string): Promise<Echo> {
    const socket = connect(port, '127.0.0.1');
    socket.write(head);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 (?:101|200) /);
    return new Echo(socket);
  }

  /** Sends something, which comes back. */
  async ping(word: string): Promise<void> {
    this.#socket.write(word);
    const [answer] = await once(this.#socket, 'data');
    expect(String(answer)).toBe(word);
  }
}

/** Starts clients that ask again and again. The returned function ends them, and resolves with what went wrong. */
function clients(port: number, kept = 0): () => Promise<{ readonly done: number; readonly failed: string[] }> {
  const over = new AbortController();
  let done = 0;
  const failed: string[] = [];
  const again = async (path: string): Promise<void> => {
    while (!over.signal.aborted) {
      await ask(port, path).then(
        () => (done += 1),
        (error: unknown) => failed.push(String(error)),
      );
      await pause(5);
    }
  };
  /** Uses one connection for as long as it is kept. A process that ends waits a second for the next request. */
  const keep = async (): Promise<void> => {
    const client = new KeptClient(port);
    while (!over.signal.aborted) {
      const idle = client.idleFor;
      await client.ask().then(
        () => (done += 1),
        (error: unknown) => idle < FIRST_MOMENT / 2 && failed.push(`after ${idle} ms: ${String(error)}`),
      );
      await pause(5);
    }
    client.close();
  };
  const all = Promise.all([
    ...['/', '/', '/', '/', '/slow', '/slow'].map(again),
    ...Array.from({ length: kept }, keep),
  ]);
  return async () => {
    over.abort();
    await all;
    return { done, failed };
  };
}

describe.runIf(epollUnavailable() === undefined)('a restart behind a socket of systemd', () => {
  test.each([1, 2])(
    'fails no request under load: %d worker(s)',
    async (workers) => {
      const origin = loadOrigin();
      onTestFinished(() => origin.end());
      const file = join(folder, 'inband.yaml');
      await writeFile(file, config(workers, await listenOn(origin.server)));
      const { port, descriptor } = await heldSocket();
      const stop = clients(port, 4);
      for (let count = 0; count < 2; count += 1) {
        const { child } = await start(file, { web: descriptor });
        await pause(300);
        child.kill('SIGTERM');
        expect(await once(child, 'exit')).toEqual([0, null]);
      }
      const { child: last } = await start(file, { web: descriptor });
      const { done, failed } = await stop();
      expect(failed).toEqual([]);
      expect(done).toBeGreaterThan(50);
      last.kill('SIGTERM');
      expect(await once(last, 'exit')).toEqual([0, null]);
    },
    LONG,
  );

  test(
    'lets a tunnel and a WebSocket live for their time, says why it ends them, and serves new ones at once',
    async () => {
      const [origin, echo] = [loadOrigin(), echoServer()];
      onTestFinished(() => {
        origin.end();
        echo.end();
      });
      const file = join(folder, 'tunnels.yaml');
      await writeFile(file, withTunnels(1, await listenOn(origin.server)));
      const echoAt = `127.0.0.1:${await listenOn(echo.server)}`;
      const [web, browser] = [await heldSocket(), await heldSocket()];
      const descriptors = { web: web.descriptor, browser: browser.descriptor };
      const openBoth = (): Promise<Echo[]> =>
        Promise.all([
          Echo.open(browser.port, `CONNECT ${echoAt} HTTP/1.1\r\nHost: ${echoAt}\r\n\r\n`),
          Echo.open(web.port, UPGRADE),
        ]);
      let { child, log } = await start(file, descriptors);
      const stop = clients(web.port, 2);
      for (let count = 0; count < 2; count += 1) {
        const both = await openBoth();
        for (const one of both) await one.ping('before');
        child.kill('SIGTERM');
        const ended = once(child, 'exit');
        while (!log().includes('"msg":"stopping"')) await pause(5);
        for (const one of both) await one.ping('while it ends');
        await Promise.all(both.map(({ closed }) => closed));
        expect(await ended).toEqual([0, null]);
        const why = log()
          .split('\n')
          .filter((line) => line.includes('shutdown.tunnels') && line.includes('"why"'));
        expect(why).toHaveLength(2);
        ({ child, log } = await start(file, descriptors));
      }
      for (const one of await openBoth()) await one.ping('after');
      expect((await stop()).failed).toEqual([]);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
    LONG,
  );

  test(
    'refuses nobody after kill -9 either; only what was open is lost',
    async () => {
      const origin = loadOrigin();
      onTestFinished(() => origin.end());
      const file = join(folder, 'inband.yaml');
      await writeFile(file, config(1, await listenOn(origin.server)));
      const { port, descriptor } = await heldSocket();
      const { child: first } = await start(file, { web: descriptor });
      expect(await ask(port, '/')).toMatch(/hello$/);
      first.kill('SIGKILL');
      await once(first, 'exit');
      const waiting = [ask(port, '/'), ask(port, '/')];
      const { child: second } = await start(file, { web: descriptor });
      for (const answer of await Promise.all(waiting)) expect(answer).toMatch(/hello$/);
      second.kill('SIGTERM');
      await once(second, 'exit');
    },
    LONG,
  );
});
