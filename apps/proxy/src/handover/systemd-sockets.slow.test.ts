import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../../../packages/core/test-support/free-port.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { PROGRAM_FILE } from '../../test-support/program-file.ts';

let folder: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-systemd-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const config = (transport: string, workers: number, name: string): string => `
transport: ${transport}
workers: ${workers}
listeners: [{ bind: "systemd:${name}", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`;

/** The status of an answer. What connects before the program runs waits in the queue. */
async function ask(how: RequestOptions): Promise<number> {
  const agent = new Agent({ keepAlive: false });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  get({ ...how, agent, path: '/' }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  }).on('error', reject);
  return promise;
}

async function activate(text: string, sockets: readonly string[], names: string) {
  const file = join(folder, 'inband.yaml');
  await writeFile(file, text);
  const started = spawn(
    'systemd-socket-activate',
    [...sockets.map((at) => `--listen=${at}`), `--fdname=${names}`, process.execPath, PROGRAM_FILE, '--config', file],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child = started;
  const output = { stdout: '', stderr: '' };
  const opened = Promise.withResolvers<void>();
  started.stdout.on('data', (bytes: Buffer) => (output.stdout += bytes.toString()));
  started.stderr.on('data', (bytes: Buffer) => {
    output.stderr += bytes.toString();
    if (output.stderr.split('Listening on ').length > sockets.length) opened.resolve();
  });
  await opened.promise;
  return { output, started };
}

describeRequiring({ commands: ['systemd-socket-activate'], linux: true }, 'sockets of a socket unit', () => {
  test.each([
    ['epoll', 1],
    ['epoll', 2],
    ['node', 1],
    ['node', 2],
  ])('are listened on by their name, by TCP and by a file: transport %s, %d worker(s)', async (transport, workers) => {
    const port = await freePort();
    const socketPath = join(folder, 'web.sock');
    const { output, started } = await activate(
      config(transport, workers, 'web'),
      [`127.0.0.1:${port}`, socketPath],
      'web',
    );
    const answers = [ask({ host: '127.0.0.1', port }), ask({ socketPath }), ask({ host: '127.0.0.1', port })];
    expect(await Promise.all(answers)).toEqual([400, 400, 400]);
    // The supervisor says so when the last worker accepts.
    while (output.stdout.split('"msg":"listening"').length < 3) await once(started.stdout, 'data');
    expect(output.stdout).toContain(`"address":"127.0.0.1:${port}"`);
    expect(output.stdout).toContain(`"address":"unix:${socketPath}"`);
    started.kill('SIGTERM');
    expect(await once(started, 'close')).toEqual([0, null]);
  });

  test('are missed with their names', async () => {
    const port = await freePort();
    const { output, started } = await activate(config('auto', 1, 'web'), [`127.0.0.1:${port}`], 'other');
    ask({ host: '127.0.0.1', port }).catch(() => undefined);
    expect(await once(started, 'close')).toEqual([1, null]);
    expect(output.stderr).toContain('systemd has passed no socket with FileDescriptorName=web: it has passed "other".');
  });
});
