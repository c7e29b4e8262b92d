import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { jsonObject } from '../../test-support/json.ts';
import { type KeepAliveClient, openClient } from '../../test-support/keep-alive.ts';
import { type Program, runProgram, startProgram } from '../../test-support/program.ts';
import { countWorkers } from '../run/limits/count-workers.ts';

let folder: string;
let origin: Server;
let originUrl: string;
/** Responses of the origin to /slow that have begun and wait for their end. */
let slow: ServerResponse[];
let onSlow: () => void;
let clients: KeepAliveClient[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-workers-'));
});
afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  slow = [];
  onSlow = () => undefined;
  clients = [];
  origin = createServer((request, response) => {
    if (request.url !== '/slow') return void response.end('hello');
    response.write('first ');
    slow.push(response);
    onSlow();
  });
  origin.on('connect', (_request, socket) => socket.resume());
  originUrl = `http://127.0.0.1:${await listen(origin)}`;
});
afterEach(() => {
  for (const client of clients) client.destroy();
  origin.close();
  origin.closeAllConnections();
});

function listen(server: TcpServer, how: { port?: number; reusePort?: boolean } = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, ...how }, () => {
      const address = server.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

function forward({ grace = '30s', bind = '127.0.0.1:0', chainer = 'inband', more = '' } = {}): string {
  return `workers: 2
shutdown: { grace: ${grace} }
listeners: [{ bind: "${bind}", service: browser }]
services: { browser: { mode: forward, http: { connectPorts: any }, routes: [{ chainer: { type: ${chainer} } }] } }
${more}`;
}

async function start(name: string, text = forward()): Promise<{ program: Program; port: number; file: string }> {
  const file = await write(name, text);
  const program = startProgram(['--config', file]);
  const port = Number(
    String((await program.logged('listening')).address)
      .split(':')
      .at(-1),
  );
  return { program, port, file };
}

async function open(port: number): Promise<KeepAliveClient> {
  const client = await openClient(port);
  clients.push(client);
  return client;
}

/** Opens connections until each of two workers has some, and says whose they are. */
async function openAtBoth({ program, port }: { program: Program; port: number }) {
  const byWorker = new Map<number, KeepAliveClient[]>();
  for (let count = 0; count < 8 || (byWorker.size < 2 && count < 64); count += 1) {
    const client = await open(port);
    await client.get(`${originUrl}/`, 'hello');
    const line = await program.logged('request');
    expect(line.client).toBe(client.name);
    const worker = Number(line.pid);
    byWorker.set(worker, [...(byWorker.get(worker) ?? []), client]);
  }
  expect(byWorker.size).toBe(2);
  return [...byWorker].map(([pid, itsClients]) => ({ pid, clients: itsClients }));
}

function linesWith(stdout: string, message: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map(jsonObject)
    .filter(({ msg }) => msg === message);
}

/** When a line was logged, in milliseconds. */
function timeOf(line: Record<string, unknown>): number {
  return Date.parse(String(line.time));
}

test('auto is one worker for each processor', () => {
  expect([countWorkers('auto'), countWorkers(3)]).toEqual([availableParallelism(), 3]);
});

describe('several workers', () => {
  test('share one port, say so once, and end together with 0', async () => {
    const running = await start('serve.yaml');
    const workers = await openAtBoth(running);
    running.program.kill('SIGTERM');
    await Promise.all(workers.flatMap((worker) => worker.clients.map(({ closed }) => closed)));
    const { status, stdout, stderr } = await running.program.ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(linesWith(stdout, 'listening')).toMatchObject([{ service: 'browser', mode: 'forward', workers: 2 }]);
    expect(linesWith(stdout, 'stopping')).toMatchObject([{ signal: 'SIGTERM', grace: 30_000 }]);
    expect(linesWith(stdout, 'stopped')).toHaveLength(1);
  });

  test('lose only the connections of one that is killed, which is restarted as it was, later each time', async () => {
    const running = await start('kill.yaml');
    const { program, file } = running;
    const [killed, spared] = await openAtBoth(running);
    if (killed === undefined || spared === undefined) throw new Error('There are not two.');
    // What stands in the file by now is for the next start of the whole.
    await appendFile(file, 'nonsense: true\n');
    process.kill(killed.pid, 'SIGKILL');
    await Promise.all(killed.clients.map(({ closed }) => closed));
    const died = 'a worker died; its connections are lost';
    expect(await program.logged(died)).toMatchObject({ workerPid: killed.pid, signal: 'SIGKILL', restartIn: 100 });
    const answers = await Promise.all(spared.clients.map((client) => client.get(`${originUrl}/`, 'hello')));
    expect(answers.every((answer) => answer.startsWith('HTTP/1.1 200 '))).toBe(true);
    for (const _ of answers) expect(await program.logged('request')).toMatchObject({ pid: spared.pid });

    const again = Number((await program.logged('restarted')).workerPid);
    const pids = new Set((await openAtBoth(running)).map(({ pid }) => pid));
    expect(pids).toEqual(new Set([again, spared.pid]));
    process.kill(again, 'SIGKILL');
    const second = await program.logged(died);
    expect(second).toMatchObject({ workerPid: again, restartIn: 200 });
    const waited = timeOf(await program.logged('restarted')) - timeOf(second);
    expect(waited).toBeGreaterThanOrEqual(200);
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('finish what is running in any of them when SIGTERM comes', async () => {
    const running = await start('drain.yaml');
    const workers = await openAtBoth(running);
    const all = workers.flatMap((worker) => worker.clients);
    const begun = new Promise<void>((resolve) => {
      onSlow = () => slow.length === all.length && resolve();
    });
    const answers = Promise.all(all.map((client) => client.get(`${originUrl}/slow`, 'second\r\n0\r\n\r\n')));
    await running.program.during(begun);
    running.program.kill('SIGTERM');
    await running.program.logged('stopping');
    for (const response of slow) response.end('second');
    for (const answer of await answers) expect(answer).toMatch(/first [^]*second/);
    expect(await running.program.ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('finish what is running and end when the supervisor is killed', async () => {
    const running = await start('orphans.yaml');
    const client = await open(running.port);
    const begun = new Promise<void>((resolve) => (onSlow = resolve));
    const answer = client.get(`${originUrl}/slow`, 'second\r\n0\r\n\r\n');
    await running.program.during(begun);
    running.program.kill('SIGKILL');
    await running.program.logged('the supervisor is gone; stopping');
    for (const response of slow) response.end('second');
    expect(await answer).toMatch(/first [^]*second/);
    // Its end is that of its standard output, which the workers hold as well.
    const { stdout } = await running.program.ended;
    expect(linesWith(stdout, 'the supervisor is gone; stopping')).toHaveLength(2);
  });

  test('end at once, with 1, on a second signal', async () => {
    const { program, port } = await start('twice.yaml');
    const client = await open(port);
    expect(await client.connect(originUrl.slice('http://'.length))).toContain(' 200 ');
    program.kill('SIGTERM');
    await program.logged('stopping');
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 1, stderr: '' });
    await client.closed;
  });

  test('are killed when they are not done with the grace', async () => {
    const running = await start('stuck.yaml', forward({ grace: '100ms' }));
    const [stuck] = await openAtBoth(running);
    process.kill(stuck?.pid ?? 0, 'SIGSTOP');
    running.program.kill('SIGTERM');
    expect(await running.program.logged('a worker did not end in an orderly way')).toMatchObject({
      workerPid: stuck?.pid,
      signal: 'SIGKILL',
    });
    expect(await running.program.ended).toMatchObject({ status: 0 });
  });

  test('leave when one of them is told to, and it is replaced', async () => {
    const running = await start('leave.yaml');
    const [leaving] = await openAtBoth(running);
    process.kill(leaving?.pid ?? 0, 'SIGTERM');
    expect(await running.program.logged('a worker ended')).toMatchObject({ workerPid: leaving?.pid, code: 0 });
    await running.program.logged('restarted');
    running.program.kill('SIGINT');
    expect(await running.program.ended).toMatchObject({ status: 0 });
  });
});

describe('a start of several workers that fails says why once, and exits with 1', () => {
  test.each([false, true])('when somebody listens there (who would share: %s)', async (reusePort) => {
    const taken = createTcpServer();
    const port = await listen(taken, { reusePort });
    const file = await write('taken.yaml', forward({ bind: `127.0.0.1:${port}` }));
    const { status, stdout, stderr } = await runProgram(['--config', file]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^\/.*taken\.yaml:3:21: listeners\[0\]\.bind: Cannot listen on 127\.0\.0\.1:\d+: .*\n$/);
    taken.close();
  });

  test('when a chainer cannot do on this system what is asked of it', async () => {
    const file = await write('forge.yaml', forward({ chainer: 'inband, forgeAddr: true', more: 'transport: node' }));
    const { status, stderr } = await runProgram(['--config', file]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^\/.*forge\.yaml:4:\d+: services\.browser\.routes\[0\]\.chainer: forgeAddr cannot work here: .*\n$/,
    );
  });

  test('when a listener is a unix socket', async () => {
    const file = await write('unix.yaml', forward({ bind: `unix:${folder}/proxy.sock` }));
    const { status, stderr } = await runProgram(['--config', file]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^\/.*unix\.yaml:3:21: listeners\[0\]\.bind: several workers cannot share a unix socket; .*\n$/,
    );
  });

  test('when a worker dies of it', async () => {
    await write(
      'deadly.mjs',
      `import { definePlugin, z } from 'inband';
       export default definePlugin({
         provides: 'chainer', kind: 'deadly', schema: z.strictObject({}), create: () => process.exit(7),
       });`,
    );
    const file = await write('deadly.yaml', forward({ chainer: 'deadly', more: 'plugins: [./deadly.mjs]' }));
    expect(await runProgram(['--config', file])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'inband: worker 1 ended with exit code 7 while starting.\n',
    });
  });
});
