import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { listenOn, loadOrigin } from '../../test-support/reload-load.ts';
import { PROGRAM_FILE } from '../../test-support/program-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-lost-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** By a Unix socket, because nothing says which port it is. */
async function ask(): Promise<string> {
  const socket = connect(join(folder, 'web.sock'));
  socket.write('GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n');
  return text(socket);
}

/** Starts the program with a log, and resolves when it serves clients. */
async function start(log: string): Promise<ChildProcess> {
  const origin = loadOrigin();
  onTestFinished(() => origin.end());
  const port = await listenOn(origin.server);
  const file = join(folder, 'inband.yaml');
  await writeFile(
    file,
    `log: ${log}
listeners: [{ bind: "unix:${join(folder, 'web.sock')}", service: web }]
services: { web: { mode: reverse, routes: [{ chainer: { type: directed, remote: "127.0.0.1:${port}" } }] } }
`,
  );
  const child = spawn(process.execPath, [PROGRAM_FILE, '--config', file], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  while (!(await ask().catch(() => '')).endsWith('hello')) await pause(50);
  return child;
}

async function servesAndEnds(child: ChildProcess): Promise<void> {
  for (let count = 0; count < 20; count += 1) expect(await ask()).toMatch(/^HTTP\/1\.1 200 [^]*hello$/);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
}

test('no client notices that the reader of the log is killed', { timeout: 60_000 }, async () => {
  const child = await start('{ access: true }');
  child.stdout?.destroy();
  await servesAndEnds(child);
});

test.runIf(process.platform === 'linux')(
  'no client notices that the disk of the log is full',
  { timeout: 60_000 },
  async () => servesAndEnds(await start('{ access: true, file: /dev/full }')),
);
