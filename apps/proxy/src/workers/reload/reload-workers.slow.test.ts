import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openClient } from '../../../test-support/keep-alive.ts';
import { type Program, startProgram } from '../../../test-support/program.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-reload-workers-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = (workers: number, more = '', access = '[]'): string => `
workers: ${workers}
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, access: ${access}, routes: [{ chainer: { type: inband } }] } }
${more}
`;

async function start(name: string, text: string) {
  const file = join(folder, name);
  await writeFile(file, text);
  return { file, ...(await startWith(file)) };
}

async function startWith(file: string) {
  const program = startProgram(['--config', file]);
  onTestFinished(async () => {
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
  });
  const { address } = await program.during(program.logged('listening'));
  return { program, port: Number(String(address).split(':').at(-1)) };
}

async function reload(program: Program, file: string, text: string): Promise<Record<string, unknown>> {
  await writeFile(file, text);
  program.kill('SIGHUP');
  return program.during(program.logged('reloaded'));
}

async function workersOf(program: Program): Promise<number> {
  return (await program.processes()).length - 1;
}

/** The answers of several new connections, so that every worker has most likely given one. */
async function answers(port: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: 24 }, async () => {
      const client = await openClient(port);
      const answer = await client.get('http://127.0.0.1:1/', '}\n');
      client.destroy();
      return answer;
    }),
  );
}

test('all workers switch to a new configuration, and a restarted one has it', async () => {
  const { file, program, port } = await start('switch.yaml', config(2));
  for (const answer of await answers(port)) expect(answer).toContain('502 Bad Gateway');
  const line = await reload(program, file, config(2, '', '[{ deny: { ports: 1 } }]'));
  expect(line).toMatchObject({ generation: 2, workers: 2 });
  for (const answer of await answers(port)) expect(answer).toContain('services.browser.access[0]');
  const [, worker = 0] = await program.processes();
  process.kill(worker, 'SIGKILL');
  await program.during(program.logged('restarted'));
  for (const answer of await answers(port)) expect(answer).toContain('services.browser.access[0]');
});

test('all of them go on with their log in another file and format, or none does', async () => {
  const { file, program, port } = await start('log.yaml', config(2));
  await writeFile(file, config(2, 'log: { file: missing/log }'));
  program.kill('SIGHUP');
  const refused = await program.during(program.logged('the reload was refused; nothing has changed'));
  expect(refused.detail).toContain('log.file cannot be opened: ENOENT');
  await writeFile(file, config(2, 'log: { file: elsewhere.log, format: common }'));
  program.kill('SIGHUP');
  await program.during(program.logged('the log goes on elsewhere'));
  await answers(port);
  const lines = async () => (await readFile(join(folder, 'elsewhere.log'), 'utf8')).trim().split('\n');
  await vi.waitFor(async () => expect(await lines()).toHaveLength(24));
  for (const line of await lines())
    expect(line).toMatch(/^127\.0\.0\.1 - - \[.*\] "GET http:\/\/127\.0\.0\.1:1\/ HTTP\/1\.1" 502 0$/);
});

test('none switches if one cannot prepare', async () => {
  const counter = join(folder, 'made');
  await rm(counter, { force: true });
  // Made once in the supervisor's check by nobody, and in each worker: the second one fails.
  await writeFile(
    join(folder, 'second.mjs'),
    `import { definePlugin, z } from 'inband';
     import { appendFileSync, readFileSync } from 'node:fs';
     export default definePlugin({
       provides: 'chainer', kind: 'second', schema: z.strictObject({}),
       create() {
         appendFileSync(${JSON.stringify(counter)}, 'x');
         if (readFileSync(${JSON.stringify(counter)}, 'utf8').length > 1) throw new Error('not twice');
         return { kind: 'second', connectServer: () => Promise.reject(new Error('never')) };
       },
     });`,
  );
  const { file, program, port } = await start('none.yaml', config(2));
  const next = config(2, 'plugins: [./second.mjs]').replace('type: inband', 'type: second');
  await writeFile(file, next.replace('access: []', 'access: [{ deny: { ports: 1 } }]'));
  program.kill('SIGHUP');
  const refused = await program.during(program.logged('the reload was refused; nothing has changed'));
  expect(refused.detail).toContain('not twice');
  expect(await readFile(counter, 'utf8')).toBe('xx');
  for (const answer of await answers(port)) expect(answer).toContain('502 Bad Gateway');
  expect(await reload(program, file, config(2, '', '[{ deny: { ports: 1 } }]'))).toMatchObject({ generation: 2 });
});

test('all workers have one configuration, whenever one of them dies during a reload', async () => {
  const { file, program, port } = await start('dies.yaml', config(2));
  for (let round = 1; round <= 3; round += 1) {
    const [, first = 0] = await program.processes();
    await writeFile(file, config(2, '', `[{ deny: { ports: 1, reason: "round ${round}" } }]`));
    program.kill('SIGHUP');
    await program.during(program.logged('reloading'));
    process.kill(first, 'SIGKILL');
    await program.during(program.logged('restarted'));
    // The reload has won or not, by the moment of its death; it is the same for all.
    await vi.waitFor(async () => {
      const found = (await answers(port)).map((answer) => /round \d|502/.exec(answer)?.[0]);
      expect(new Set(found).size).toBe(1);
    });
  }
});

test('more workers are started, and those that are too many finish with their clients', async () => {
  const { file, program, port } = await start('size.yaml', config(2));
  expect(await workersOf(program)).toBe(2);
  await reload(program, file, config(4));
  await vi.waitFor(async () => expect(await workersOf(program)).toBe(4));
  await reload(program, file, config(1));
  await program.during(program.logged('a worker finishes; there are to be fewer'));
  await vi.waitFor(async () => expect(await workersOf(program)).toBe(1));
  for (const answer of await answers(port)) expect(answer).toContain('502 Bad Gateway');
});

test('one process does not become several by a reload', async () => {
  const { file, program } = await start('one.yaml', config(1));
  await writeFile(file, config(2));
  program.kill('SIGHUP');
  const refused = await program.during(program.logged('the reload was refused; nothing has changed'));
  expect(refused.detail).toContain('workers: one process becomes several by a restart only');
});

test.each([1, 2])('reload.watch reads the file again when it is written or replaced: %d worker(s)', async (workers) => {
  const watching = (more: string): string => config(workers, `reload: { watch: true }\n${more}`);
  const { file, program } = await start(`watch-${workers}.yaml`, watching(''));
  await writeFile(file, watching('shutdown: { grace: 1s }'));
  expect(await program.during(program.logged('reloaded'))).toMatchObject({ generation: 2 });
  await writeFile(`${file}.new`, watching('shutdown: { grace: 2s }'));
  await rename(`${file}.new`, file);
  expect(await program.during(program.logged('reloaded'))).toMatchObject({ generation: 3 });
  await writeFile(file, config(workers, 'reload: { watch: false }'));
  expect(await program.during(program.logged('reloaded'))).toMatchObject({ generation: 4 });
});

test('reload.watch sees a file that comes to a folder', async () => {
  const configs = await mkdtemp(join(folder, 'configs-'));
  await writeFile(join(configs, 'a.yaml'), config(1, 'reload: { watch: true }'));
  const { program } = await startWith(configs);
  await writeFile(join(configs, 'b.yaml'), 'shutdown: { grace: 1s }\n');
  expect(await program.during(program.logged('reloaded'))).toMatchObject({ changed: ['setting shutdown'] });
  await writeFile(join(configs, 'b.yaml'), 'shutdown: { grace: 2s }\n');
  expect(await program.during(program.logged('reloaded'))).toMatchObject({ changed: ['setting shutdown'] });
});

test('a configuration module is read again', async () => {
  const module = (grace: string): string => `export default {
    shutdown: { grace: '${grace}' },
    workers: 2,
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
  };`;
  const { file, program } = await start('module.mjs', module('1s'));
  expect(await reload(program, file, module('2s'))).toMatchObject({ changed: ['setting shutdown'] });
});
