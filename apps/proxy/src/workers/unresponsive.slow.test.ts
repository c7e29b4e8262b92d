import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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
         const until = { 'spin.example': Infinity, 'pause.example': performance.now() + 2_000 }[host] ?? 0;
         while (performance.now() < until);
         return Promise.reject(new Error('none'));
       } }),
     });`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

async function start(name: string) {
  const file = join(folder, name);
  await writeFile(
    file,
    `workers: 2
plugins: [./busy.mjs]
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: busy } }] } }
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
      expect(Number(silent.silentFor)).toBeGreaterThanOrEqual(5_000);
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

  test('is left alone when it is busy for two seconds', async () => {
    const { program, port } = await start('pause.yaml');
    expect(await ask(port, 'pause.example')).toBe('HTTP/1.1 500');
    program.kill('SIGTERM');
    const { status, stdout } = await program.ended;
    expect(status).toBe(0);
    expect(stdout).not.toContain(SILENT);
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
