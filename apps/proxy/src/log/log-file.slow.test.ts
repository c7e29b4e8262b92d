import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jsonObject } from '../../test-support/json.ts';

const program = fileURLToPath(new URL('../../bin/inband.mjs', import.meta.url));
const hasLogrotate = spawnSync('logrotate', ['--version']).status === 0;

let folder: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-log-file-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const read = (name: string): string => {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const messages = (name: string): unknown[] =>
  read(name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => jsonObject(line).msg);

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Starts the program with its log in a file. Resolves when it accepts. */
async function start(workers: number) {
  const config = join(folder, 'inband.yaml');
  writeFileSync(
    config,
    `workers: ${workers}
log: { file: inband.log }
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
  );
  const started = spawn(process.execPath, [program, '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  child = started;
  const outputs = Promise.all([text(started.stdout), text(started.stderr)]);
  await until(() => messages('inband.log').includes('listening'));
  const port = Number(/"address":"127\.0\.0\.1:(\d+)"/.exec(read('inband.log'))?.[1]);
  const ask = async (): Promise<void> => {
    const socket = connect(port, '127.0.0.1').resume();
    socket.end('GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
  };
  const stop = async (): Promise<readonly [string, string]> => {
    const ended = once(started, 'close');
    started.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    return outputs;
  };
  return { pid: started.pid ?? 0, ask, stop };
}

describe.each([1, 2])('%d worker(s) with a log file', (workers) => {
  test('open it anew on USR1, and write every line to the one or the other', async () => {
    const { pid, ask, stop } = await start(workers);
    await ask();
    await until(() => messages('inband.log').includes('request'));
    renameSync(join(folder, 'inband.log'), join(folder, 'inband.log.1'));
    process.kill(pid, 'SIGUSR1');
    await until(() => messages('inband.log').includes('the file of the log was opened anew'));
    for (let count = 0; count < 20; count += 1) await ask();
    expect(await stop()).toEqual(['', '']);
    const all = [...messages('inband.log.1'), ...messages('inband.log')];
    expect(all.filter((message) => message === 'request')).toHaveLength(21);
    expect(messages('inband.log').at(-1)).toBe('stopped');
  });
});

test('logrotate puts it aside, and no line is lost', async ({ skip }) => {
  skip(!hasLogrotate, 'missing: logrotate');
  const { pid, ask, stop } = await start(1);
  await ask();
  await until(() => messages('inband.log').includes('request'));
  const rules = join(folder, 'rules');
  writeFileSync(
    rules,
    `${join(folder, 'inband.log')} {
  rotate 2
  missingok
  postrotate
    kill -USR1 ${pid}
  endscript
}
`,
    { mode: 0o600 },
  );
  const rotated = spawnSync('logrotate', ['--force', '--state', join(folder, 'state'), rules], { encoding: 'utf8' });
  expect(rotated.stderr).toBe('');
  await until(() => messages('inband.log').includes('the file of the log was opened anew'));
  await ask();
  await stop();
  const all = [...messages('inband.log.1'), ...messages('inband.log')];
  expect(all.filter((message) => message === 'request')).toHaveLength(2);
});
