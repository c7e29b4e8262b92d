import { createEpollTransport, epollUnavailable } from '@inband/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { listenOn, loadOrigin } from '../../test-support/reload-load.ts';

const program = fileURLToPath(new URL('../../bin/inband.mjs', import.meta.url));
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

/** Starts the program as systemd does, and resolves when it accepts. */
async function start(file: string, descriptor: number): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, program, '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit', descriptor],
    env: { ...process.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  while (!output.includes('"msg":"listening"') && child.stdout !== null) await once(child.stdout, 'data');
  return child;
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

/** Starts clients that ask again and again. The returned function ends them, and resolves with what went wrong. */
function clients(port: number): () => Promise<{ readonly done: number; readonly failed: string[] }> {
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
  const all = Promise.all(['/', '/', '/', '/', '/slow', '/slow'].map(again));
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
      const stop = clients(port);
      for (let count = 0; count < 2; count += 1) {
        const child = await start(file, descriptor);
        await pause(300);
        child.kill('SIGTERM');
        expect(await once(child, 'exit')).toEqual([0, null]);
      }
      const last = await start(file, descriptor);
      const { done, failed } = await stop();
      expect(failed).toEqual([]);
      expect(done).toBeGreaterThan(50);
      last.kill('SIGTERM');
      expect(await once(last, 'exit')).toEqual([0, null]);
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
      const first = await start(file, descriptor);
      expect(await ask(port, '/')).toMatch(/hello$/);
      first.kill('SIGKILL');
      await once(first, 'exit');
      const waiting = [ask(port, '/'), ask(port, '/')];
      const second = await start(file, descriptor);
      for (const answer of await Promise.all(waiting)) expect(answer).toMatch(/hello$/);
      second.kill('SIGTERM');
      await once(second, 'exit');
    },
    LONG,
  );
});
