import { openStore } from '@inband/store';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ServerProcess, startNats, startRedis } from '../../../../../packages/store/test-support/servers.ts';
import { askAdmin } from '../../../test-support/admin-client.ts';
import { silentLogger } from '../../log/logging.ts';
import { type Program, runProgram, startProgram } from '../../../test-support/program.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 240_000 });
const SOON = { timeout: 60_000, interval: 20 };
const UNDER_PUSHED = 'what was pushed to all members lies over the file: only these sections are its own';

interface Machine {
  readonly name: string;
  readonly file: string;
  /** Of its admin server. */
  readonly socket: string;
  start(): Promise<Program>;
}

const site = (name: string, body: string): string => `listeners: [{ bind: "127.0.0.1:0", service: ${name} }]
services:
  ${name}: { mode: reverse, routes: [{ respond: { status: 200, body: "${body}" } }] }
`;

/** A machine with its own folder. `workers`: how many it has. */
async function machine(name: string, { port }: ServerProcess, workers = 1, type = 'redis'): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), `inband-push-${name}-`));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [file, socket] = [join(folder, 'inband.yaml'), `unix:${join(folder, 'admin.sock')}`];
  const own = `store: { type: ${type}, url: "${type}://127.0.0.1:${port}", deadline: 500ms }
cluster: { name: edge, member: ${name}, state: ./state }
admin: { bind: "${socket}" }
workers: ${workers}
`;
  await writeFile(file, own + site('own', 'own'));
  const start = async (): Promise<Program> => {
    const program = startProgram(['--config', file]);
    onTestFinished(async () => {
      program.kill('SIGKILL');
      await program.ended;
    });
    await program.during(program.logged('the admin server listens'));
    await vi.waitFor(async () => expect((await askAdmin(socket, ['GET', '/cluster/config'])).status).toBe(200), SOON);
    return program;
  };
  return { name, file, socket, start };
}

async function redisServer(): Promise<ServerProcess> {
  const redis = await startRedis({ appends: true });
  onTestFinished(() => redis.remove());
  return redis;
}

/** The names of the services that a machine has. */
async function servicesOf({ socket }: Machine): Promise<string[]> {
  const { body } = await askAdmin(socket, ['GET', '/config']);
  return Object.keys((body.effective as { services: object }).services);
}

interface Version {
  readonly number: number;
}

async function state({ socket }: Machine) {
  const { body } = await askAdmin(socket, ['GET', '/cluster/config']);
  return body as unknown as {
    readonly current: number | null;
    readonly canary: { readonly members: string[] } | null;
    readonly versions: Version[];
    readonly members: { readonly name: string; readonly running: number | null; readonly follows: boolean }[];
    readonly stale: number;
    readonly isKnown: boolean;
  };
}

/** Writes what is to be pushed. */
async function written(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-pushed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'next.yaml'), text);
  return join(folder, 'next.yaml');
}

async function push(at: Machine, text: string, ...more: string[]) {
  return runProgram(['push', await written(text), '--config', at.file, ...more]);
}

/** Pushes over the API. */
async function pushOver(at: Machine, text: string, more: object = {}, path = '/cluster/config') {
  const files = path === '/cluster/config' ? { main: ['next.yaml'], texts: { 'next.yaml': text }, folders: {} } : {};
  const options = { body: { ...files, ...more }, headers: { 'if-match': '*' } };
  return askAdmin(at.socket, ['POST', path], options);
}

test('a push reaches all machines, a bad one none, and a canary a few', async () => {
  const redis = await redisServer();
  const machines = [await machine('a', redis), await machine('b', redis), await machine('c', redis, 2)] as const;
  const [a, b, c] = machines;
  await Promise.all(machines.map((one) => one.start()));
  const run = async (): Promise<string[][]> => Promise.all(machines.map(servicesOf));
  await vi.waitFor(async () => expect((await state(a)).members.filter(({ follows }) => follows)).toHaveLength(3), SOON);
  expect(await run()).toEqual([['own'], ['own'], ['own']]);

  const first = await push(a, `admin: { bind: "127.0.0.1:1" }\n${site('one', '1')}`, '--message', 'first');
  expect(first).toMatchObject({
    status: 0,
    stdout: 'version 1 is current: 3 of 3 members run it\n',
    stderr: 'left out, because every member has them from its own file: admin\n',
  });
  expect(await run()).toEqual([['one'], ['one'], ['one']]);
  const copies = await Promise.all(machines.map(async ({ file }) => stat(join(file, '../state/config.json'))));
  expect(copies.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600, 0o600]);

  const pull = await runProgram(['config', 'pull', '--config', a.file]);
  expect(pull.stderr).toContain('the program runs version 1 of its cluster over its file');

  // Wrong for one of them only: it has no such file.
  for (const one of [a, b]) await writeFile(join(one.file, '../office.txt'), '192.0.2.0/24\n');
  const bad = await push(b, `zones: { office: { file: office.txt } }\n${site('two', '2')}`);
  expect(bad).toMatchObject({ status: 1, stdout: '' });
  expect(bad.stderr).toMatch(/A member refuses the configuration; nothing has changed:\nc: .*office\.txt/);
  expect(await run()).toEqual([['one'], ['one'], ['one']]);
  const wrong = await pushOver(b, 'listeners: none');
  expect(wrong.status).toBe(422);
  expect(wrong.body.problems).toContainEqual(
    expect.stringMatching(/^what is pushed, next\.yaml:1:12: listeners: expected/),
  );

  const canary = await push(b, site('three', '3'), '--canary', '10%');
  expect(canary).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^version 2 is a canary on [abc]: 1 of 1 /),
  });
  expect(await state(b)).toMatchObject({ current: 1, canary: { number: 2 } });
  expect((await run()).flat().toSorted()).toEqual(['one', 'one', 'three']);
  expect(await pushOver(b, site('four', '4'))).toMatchObject({ status: 409, body: { title: 'There is a canary' } });
  expect(await pushOver(c, '', {}, '/cluster/config/promote')).toMatchObject({ status: 200, body: { current: 2 } });
  expect(await run()).toEqual([['three'], ['three'], ['three']]);

  const back = await runProgram(['rollback', '--config', a.file, '--message', 'no good']);
  expect(back).toMatchObject({ status: 0, stdout: 'version 3 is current: 3 of 3 members run it\n' });
  expect(await run()).toEqual([['one'], ['one'], ['one']]);
  const { stdout: listed } = await runProgram(['versions', '--config', b.file]);
  expect(listed).toMatch(
    /^3 .* as 1 {2}current {2}no good\n2 .*\n1 .* first\n\na: version 3\nb: version 3\nc: version 3\n$/,
  );
  const { body: shown } = await askAdmin(b.socket, ['GET', '/cluster/config/versions/1']);
  expect(JSON.stringify(shown)).toContain('body: \\"1\\"');
  expect(JSON.stringify(shown)).not.toContain('127.0.0.1:1\\"');
});

test('a machine starts without the store, says how old what it knows is, and follows when the store is back', async () => {
  const redis = await redisServer();
  const [a, b] = [await machine('a', redis), await machine('b', redis)];
  const first = await a.start();
  expect((await pushOver(a, site('one', '1'))).status).toBe(200);
  first.kill('SIGTERM');
  await first.ended;
  await redis.kill();
  const [again] = await Promise.all([a.start(), b.start()]);
  expect(await again.logged('begins with a pushed version of the configuration')).toMatchObject({
    version: 1,
    from: 'the copy on disk',
  });
  expect(await Promise.all([servicesOf(a), servicesOf(b)])).toEqual([['one'], ['own']]);
  expect([(await state(a)).isKnown, (await state(b)).isKnown]).toEqual([true, false]);
  const [versions, reload] = await Promise.all([
    runProgram(['versions', '--config', b.file]),
    runProgram(['reload', '--config', a.file]),
  ]);
  expect(versions.stdout).toMatch(/^what was pushed is not known: the store has not answered/);
  expect(reload).toMatchObject({ status: 0, stderr: expect.stringMatching(/^version 1 .* lies over the file/) });
  expect(await again.logged(UNDER_PUSHED)).toMatchObject({
    pushed: 'version 1',
  });
  expect(await pushOver(a, site('two', '2'))).toMatchObject({
    status: 503,
    body: { title: 'The store does not answer' },
  });
  expect((await state(a)).stale).toBeGreaterThan(0);
  await redis.start();
  await vi.waitFor(async () => expect(await servicesOf(b)).toEqual(['one']), SOON);

  // Wiped: those that live keep what they have, and put it back.
  await redis.kill();
  await redis.wipe();
  await redis.start();
  const store = await openStore({
    type: 'redis',
    logger: silentLogger,
    deadline: 500,
    servers: { at: { host: '127.0.0.1', port: redis.port } },
    key: 'inband:edge',
  });
  onTestFinished(() => store.close());
  const current = async (): Promise<unknown> => JSON.parse((await store.get('config/current'))?.value ?? '{}');
  await vi.waitFor(async () => expect(await current()).toMatchObject({ current: 1, change: 1 }), SOON);
  expect(await Promise.all([servicesOf(a), servicesOf(b)])).toEqual([['one'], ['one']]);
});

/** It is long, and the rest is the same as by Redis. */
const isLong = process.env.INBAND_TEST_LONG !== undefined;

test.runIf(isLong)(
  'a push goes by NATS as well, also to a machine that was gone, and after the store was',
  async () => {
    const nats = await startNats();
    onTestFinished(() => nats.remove());
    const [a, b] = [await machine('a', nats, 1, 'nats'), await machine('b', nats, 1, 'nats')];
    const [, other] = await Promise.all([a.start(), b.start()]);
    await vi.waitFor(
      async () => expect((await state(a)).members.filter(({ follows }) => follows)).toHaveLength(2),
      SOON,
    );
    expect(await pushOver(a, site('one', '1'))).toMatchObject({ status: 200, body: { current: 1, unheard: [] } });
    expect(await Promise.all([servicesOf(a), servicesOf(b)])).toEqual([['one'], ['one']]);
    expect(await pushOver(b, 'listeners: none')).toMatchObject({ status: 422 });
    other.kill('SIGTERM');
    await other.ended;
    await nats.kill();
    expect(await pushOver(a, site('two', '2'))).toMatchObject({ status: 503 });
    await nats.start();
    await vi.waitFor(async () => expect((await pushOver(a, site('three', '3'))).status).toBe(200), SOON);
    await b.start();
    await vi.waitFor(async () => expect(await servicesOf(b)).toEqual(['three']), SOON);
    expect(await pushOver(b, '', {}, '/cluster/config/rollback')).toMatchObject({ status: 200 });
    await vi.waitFor(async () => expect(await servicesOf(a)).toEqual(['one']), SOON);
  },
);
