import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeRequiring } from '../../../../../test/support/requires.ts';
import { jsonObject } from '../../../test-support/json.ts';
import { PROGRAM_FILE } from '../../../test-support/program-file.ts';

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
  const started = spawn(process.execPath, [PROGRAM_FILE, '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
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

/** Runs logrotate once. */
function logrotate(how: string): void {
  const rules = join(folder, 'rules');
  writeFileSync(rules, `${join(folder, 'inband.log')} {\n  rotate 2\n  missingok\n${how}\n}\n`, { mode: 0o600 });
  const rotated = spawnSync('logrotate', ['--force', '--state', join(folder, 'state'), rules], { encoding: 'utf8' });
  expect(rotated.stderr).toBe('');
}

describeRequiring({ commands: ['logrotate'] }, 'logrotate', () => {
  test.each([1, 2])('puts the file aside, and no line is lost: %d worker(s)', async (workers) => {
    const { pid, ask, stop } = await start(workers);
    await ask();
    await until(() => messages('inband.log').includes('request'));
    logrotate(`  postrotate\n    kill -USR1 ${pid}\n  endscript`);
    await until(() => messages('inband.log').includes('the file of the log was opened anew'));
    await ask();
    await stop();
    const all = [...messages('inband.log.1'), ...messages('inband.log')];
    expect(all.filter((message) => message === 'request')).toHaveLength(2);
  });

  test('copies the file and truncates it: what is written afterwards is at its beginning', async () => {
    const { ask, stop } = await start(1);
    await ask();
    await until(() => messages('inband.log').includes('request'));
    logrotate('  copytruncate');
    expect(read('inband.log')).toBe('');
    await ask();
    await stop();
    // A file that was not opened for appending would begin with as many NUL bytes as were copied.
    expect(messages('inband.log')).toEqual(['request', 'stopping', 'stopped']);
    expect(messages('inband.log.1')).toContain('request');
  });
});
