import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram, startProgram } from '../../test-support/program.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-unresponsive-'));
  await writeFile(
    join(folder, 'busy.mjs'),
    `import { definePlugin, z } from 'inband';
     export default definePlugin({
       provides: 'chainer', kind: 'busy', schema: z.strictObject({}),
       create: () => ({ kind: 'busy', connectServer: (session, host) => {
         const until = { 'spin.example': Infinity, 'pause.example': performance.now() + 1_000 }[host] ?? 0;
         while (performance.now() < until);
         return Promise.reject(new Error('none'));
       } }),
     });`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

async function start(name: string, routes = '{ chainer: { type: busy } }') {
  const file = join(folder, name);
  await writeFile(
    file,
    `workers: 2
plugins: [./busy.mjs]
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [${routes}] } }
`,
  );
  const program = startProgram(['--config', file]);
  const port = Number(
    String((await program.logged('listening')).address)
      .split(':')
      .at(-1),
  );
  const [, ...workers] = await program.processes();
  return { program, port, workers };
}

/** The status of the answer on a connection of its own, or why there is none. */
async function ask(port: number, host: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return text(socket).then(
    (answer) => answer.slice(0, 'HTTP/1.1 500'.length),
    (error: NodeJS.ErrnoException) => String(error.code),
  );
}

/** A client that keeps its connection. */
class KeptClient {
  readonly #socket: Socket;
  readonly #statuses: AsyncIterator<Buffer>;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1' });
    this.#statuses = this.#socket[Symbol.asyncIterator]();
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.localPort}`;
  }

  /** The status line of the answer, which comes in one piece. */
  async ask(): Promise<string> {
    this.#socket.write('GET http://web.example/ HTTP/1.1\r\nHost: web.example\r\n\r\n');
    const { value } = await this.#statuses.next();
    return value === undefined ? 'closed' : value.toString('latin1').slice(0, 'HTTP/1.1 200'.length);
  }

  close(): void {
    this.#socket.destroy();
  }
}

const SILENT = 'a worker does not answer; killing it';
const DIED = 'a worker died; its connections are lost';

describe('a worker that does not answer', () => {
  test.each(['SIGSTOP', 'spin.example'])(
    'is replaced, and nobody hangs on it afterwards: %s',
    async (how) => {
      const { program, port, workers } = await start(`${how}.yaml`);
      expect(workers).toHaveLength(2);
      if (how === 'SIGSTOP') process.kill(workers[0] ?? 0, how);
      else void ask(port, how);
      // Some of them wait in the queue of the one that does not answer, until it is killed.
      const meanwhile = Promise.all(Array.from({ length: 16 }, () => ask(port, 'web.example')));
      const silent = await program.logged(SILENT);
      expect(workers).toContain(silent.workerPid);
      expect(Number(silent.silentFor)).toBeGreaterThanOrEqual(2_000);
      expect(await program.logged(DIED)).toMatchObject({ workerPid: silent.workerPid, signal: 'SIGKILL' });
      await program.logged('restarted');
      const now = await Promise.all(Array.from({ length: 16 }, () => ask(port, 'web.example')));
      expect(new Set(now)).toEqual(new Set(['HTTP/1.1 500']));
      expect(await meanwhile).toContain('HTTP/1.1 500');
      program.kill('SIGTERM');
      expect(await program.ended).toMatchObject({ status: 0 });
    },
    60_000,
  );

  test('is nothing that the clients of another one notice', async () => {
    const { program, port, workers } = await start('others.yaml', '{ respond: { status: 200, body: here } }');
    const clients = Array.from({ length: 12 }, () => new KeptClient(port));
    const workerOf = new Map<KeptClient, unknown>();
    for (const client of clients) {
      expect(await client.ask()).toBe('HTTP/1.1 200');
      const line = await program.logged('request');
      expect(line.client).toBe(client.address);
      workerOf.set(client, line.pid);
    }
    const [stopped = 0, other] = workers;
    const others = clients.filter((client) => workerOf.get(client) === other);
    process.kill(stopped, 'SIGSTOP');
    const replaced = { isDone: false };
    const restarted = program.logged('restarted').then(() => (replaced.isDone = true));
    const answers = new Set<string>();
    await Promise.all(
      others.map(async (client) => {
        for (; !replaced.isDone; await wait(10)) answers.add(await client.ask());
      }),
    );
    await restarted;
    expect([...answers]).toEqual(others.length === 0 ? [] : ['HTTP/1.1 200']);
    for (const client of clients) client.close();
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
  }, 60_000);

  test('is left alone when it is busy for a second', async () => {
    const { program, port } = await start('pause.yaml');
    expect(await ask(port, 'pause.example')).toBe('HTTP/1.1 500');
    program.kill('SIGTERM');
    const { status, stdout } = await program.ended;
    expect(status).toBe(0);
    expect(stdout).not.toContain(SILENT);
  });

  test('while it starts has longer, also when it has answered once', async () => {
    await writeFile(
      join(folder, 'slow.mjs'),
      `if (process.send !== undefined) {
         // Two pings are answered, and then none for longer than workerTimeout.
         await new Promise((resolve) => setTimeout(resolve, 1_100));
         for (const end = Date.now() + 2_600; Date.now() < end;);
       }
       export default {
         workers: 2,
         workerTimeout: '1s',
         listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
         services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
       };`,
    );
    const program = startProgram(['--config', join(folder, 'slow.mjs')]);
    await program.logged('listening');
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('while it starts is told, and ends the start', async () => {
    await writeFile(
      join(folder, 'stuck.mjs'),
      `if (process.send !== undefined) process.kill(process.pid, 'SIGSTOP');
       export default {
         workers: 2,
         listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
         services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
       };`,
    );
    const { status, stderr } = await runProgram(['--config', join(folder, 'stuck.mjs')]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^inband: a worker did not answer for \d+ ms while starting\.\n$/);
  }, 120_000);
});
