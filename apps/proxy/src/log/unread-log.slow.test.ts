import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, createReadStream, openSync, type ReadStream, writeSync, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROGRAM_FILE } from '../../test-support/program-file.ts';

const hasScript = spawnSync('script', ['--version']).status === 0;
/** Milliseconds: the bound itself is a second; the rest is for a loaded machine, and far below the grace. */
const SOON = 30_000;
/** The second signal waits for nobody; far below the grace. */
const LONG_GRACE = '60s';

let folder: string;
let ending: (() => void)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-unread-'));
  ending = [];
});
afterEach(async () => {
  for (const end of ending) end();
  await rm(folder, { recursive: true });
});

interface Running {
  readonly pid: number;
  readonly port: number;
  /** Of the shell that waits for the program, which passes its status on. */
  readonly ended: Promise<number | null>;
}

type Output = 'pipe' | 'socket' | 'terminal';

/**
 * Runs the program with standard output and standard error on something of which we read up to the line that tells the
 * port, and then nothing any more.
 */
async function startUnread(output: Output, config: string, stderrToo = false): Promise<Running> {
  const file = join(folder, 'inband.yaml');
  await writeFile(file, config);
  const command = `echo $$ > "$1/pid"; exec "$2" "$3" --config "$1/inband.yaml" ${stderrToo ? '2>&1' : ''}`;
  const parameters = [folder, process.execPath, PROGRAM_FILE];
  const [child, reader] =
    output === 'pipe'
      ? onPipe(command, parameters)
      : output === 'socket'
        ? onSocket(command, parameters)
        : onTerminal(command);
  // Of a group of its own, so that workers are ended with it, whatever a test finds.
  ending.push(
    () => killGroup(child.pid),
    () => reader.destroy(),
  );
  const ended = once(child, 'exit').then(([status]) => status as number | null);
  const port = await portFrom(reader);
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
  // A terminal has a session, and so a group, of its own.
  if (output === 'terminal') ending.push(() => killGroup(groupOf(pid)));
  return { pid, port, ended };
}

function onPipe(command: string, parameters: readonly string[]): [ChildProcess, ReadStream] {
  const fifo = join(folder, 'fifo');
  spawnSync('mkfifo', [fifo]);
  // The blocking end of a pipe, as a shell makes it.
  const child = spawn('sh', ['-c', `exec > "$1/fifo"; ${command}`, 'sh', ...parameters], {
    stdio: ['ignore', 'ignore', 'ignore'],
    detached: true,
  });
  return [child, createReadStream(fifo, { highWaterMark: 256 })];
}

function onSocket(command: string, parameters: readonly string[]): [ChildProcess, Readable] {
  const child = spawn('sh', ['-c', command, 'sh', ...parameters], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  return [child, child.stdout];
}

/** A terminal whose own reader is a pipe that nobody reads. */
function onTerminal(command: string): [ChildProcess, Readable] {
  const inner = command.replaceAll('$1', folder).replaceAll('$2', process.execPath).replaceAll('$3', PROGRAM_FILE);
  const child = spawn(
    'script',
    ['--quiet', '--return', '--flush', '--command', `sh -c '${inner}'; echo $? > ${folder}/status`, '/dev/null'],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    },
  );
  return [child, child.stdout];
}

/** Undefined where it has ended. */
function groupOf(pid: number): number | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'pgid=', '-p', String(pid)]);
  const group = Number(stdout.toString());
  return group > 1 ? group : undefined;
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Reads as far as the port is told. */
function portFrom(reader: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (more: Buffer): void => {
      text += more.toString();
      // On a terminal it is told in text.
      const told = /"address":"127\.0\.0\.1:(\d+)".*"msg":"listening"|listening .*127\.0\.0\.1:(\d+)/.exec(text);
      const port = told?.[1] ?? told?.[2];
      if (port === undefined) return;
      reader.off('data', onData);
      reader.pause();
      resolve(Number(port));
    };
    reader.on('data', onData);
    reader.once('close', () => reject(new Error(`It ended: ${text}`)));
  });
}

/** Has so much logged that no pipe or socket holds it. */
async function fillLog(port: number): Promise<void> {
  const request = `GET http://127.0.0.1:1/${'a'.repeat(7_000)} HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n`;
  for (let count = 0; count < 200; count += 1) {
    const socket = connect(port, '127.0.0.1').resume();
    socket.on('error', () => undefined);
    socket.end(request);
    await once(socket, 'close');
  }
}

const config = (more: string): string => `
shutdown: { grace: ${LONG_GRACE} }
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, http: { connectPorts: any }, routes: [{ chainer: { type: inband } }] } }
${more}`;

async function isOver(running: Running, output: Output): Promise<number | null> {
  if (output !== 'terminal') return running.ended;
  // The program of a terminal is not our child; its shell writes its status.
  for (;;) {
    const status = await readFile(join(folder, 'status'), 'utf8').catch(() => '');
    if (status !== '') return Number(status);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.each([1, 2])('%d worker(s), and a log that nobody reads', (workers) => {
  test.for<Output>(['pipe', 'socket', 'terminal'])('ends with 0 on one signal: %s', async (output, { skip }) => {
    skip(output === 'terminal' && !hasScript, 'missing: script');
    const running = await startUnread(output, config(`workers: ${workers}`));
    await fillLog(running.port);
    const begun = performance.now();
    process.kill(running.pid, 'SIGTERM');
    expect(await isOver(running, output)).toBe(0);
    expect(performance.now() - begun).toBeLessThan(SOON);
  });

  test('ends with 1, at once, on a second signal', async () => {
    const running = await startUnread('pipe', config(`workers: ${workers}`), true);
    await fillLog(running.port);
    // Something that would be waited for.
    const client = connect(running.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write('GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127');
    await once(client, 'connect');
    const begun = performance.now();
    process.kill(running.pid, 'SIGTERM');
    // More than one more, because two are one for a process that has not run in between.
    const again = setInterval(() => existsSync(`/proc/${running.pid}`) && process.kill(running.pid, 'SIGTERM'), 300);
    expect(await running.ended.finally(() => clearInterval(again))).toBe(1);
    expect(performance.now() - begun).toBeLessThan(SOON);
    client.destroy();
  });
});

test('a defect ends the process with 1, though nobody reads what it says of it', async () => {
  await writeFile(
    join(folder, 'late.mjs'),
    `import { definePlugin, z } from 'inband';
     export default definePlugin({
       provides: 'chainer', kind: 'late', schema: z.strictObject({}),
       create: () => ({ kind: 'late', connectServer: (session, host) => {
         if (host !== 'defect.example') return Promise.reject(new Error('no'));
         setImmediate(() => { throw new Error('a defect ' + 'x'.repeat(100_000)); });
         return new Promise(() => {});
       } }),
     });`,
  );
  const text = config('plugins: [./late.mjs]').replace('inband', 'late');
  const running = await startUnread('pipe', text, true);
  await fillLog(running.port);
  const begun = performance.now();
  const client = connect(running.port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write('GET http://defect.example/ HTTP/1.1\r\nHost: defect.example\r\n\r\n');
  expect(await running.ended).toBe(1);
  expect(performance.now() - begun).toBeLessThan(SOON);
});

test('a start that fails ends with 1, though nobody reads what it says', async () => {
  const taken = createServer();
  await once(taken.listen(0, '127.0.0.1'), 'listening');
  ending.push(() => taken.close());
  const fifo = join(folder, 'full');
  spawnSync('mkfifo', [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  ending.push(() => [reader, writer].forEach((end) => closeSync(end)));
  expect(() => {
    for (;;) writeSync(writer, Buffer.alloc(4096));
  }).toThrow('EAGAIN');
  const port = (taken.address() as AddressInfo).port;
  await writeFile(join(folder, 'inband.yaml'), config('').replace('127.0.0.1:0', `127.0.0.1:${port}`));
  const command = `exec "$1" "$2" --config "$3/inband.yaml" > "$3/full" 2>&1`;
  const child = spawn('sh', ['-c', command, 'sh', process.execPath, PROGRAM_FILE, folder], {
    stdio: 'ignore',
    detached: true,
  });
  ending.push(() => killGroup(child.pid));
  expect(await once(child, 'exit')).toEqual([1, null]);
});
