import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '@inband/store';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../../packages/core/test-support/free-port.ts';
import { keepingLogger } from '../../../../packages/store/test-support/keeping-logger.ts';
import { type ServerProcess, startRedis } from '../../../../packages/store/test-support/servers.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { type Program, startProgram } from '../../test-support/program.ts';
import { createInband } from '../index.ts';
import { type ClusterMember, clusterMember } from './member-info.ts';

const AWAY = 'the store is away: what is shared by it is used as it was last known';

/** Milliseconds until something has to be so. */
const LONGEST = 30_000;

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`);

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const ends = performance.now() + LONGEST;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > ends) throw new Error('it has not become so');
    await new Promise((done) => setTimeout(done, 20));
  }
}

interface Running {
  readonly program: Program;
  readonly port: number;
  /** Of its listener. */
  readonly service: string;
}

describeRequiring({ commands: ['redis-server'] }, 'members of a cluster', () => {
  let folder: string;
  let redis: ServerProcess;
  let store: Store;
  /** The programs that run, by their names. */
  const programs = new Map<string, Promise<Running>>();
  /** Each start of `several` has a service of its own, because the store remembers what the one before has used. */
  let generation = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-cluster-'));
    redis = await startRedis();
    const { logger } = keepingLogger();
    const servers = { at: { host: '127.0.0.1', port: redis.port } };
    store = await openStore({ type: 'redis', servers, key: 'test:edge', logger });
  });
  afterAll(async () => {
    await Promise.all([...programs.keys()].map(end));
    await store.close();
    await redis.remove();
    await rm(folder, { recursive: true });
  });

  /** With a limit of clients that is never reached, so that the store is asked all the time. */
  const limited = (service: string) => ({
    listeners: [{ bind: '127.0.0.1:0', service }],
    services: {
      [service]: {
        mode: 'reverse' as const,
        limits: { requests: { rate: '1/h', burst: 20 }, perClient: { requests: { rate: '10000/s', burst: 10 } } },
        routes: [{ respond: { status: 200 } }],
      },
    },
  });

  const configuration = (member: string, more: object, at = redis.port) => ({
    store: { type: 'redis' as const, url: `redis://127.0.0.1:${at}`, key: 'test' },
    cluster: { name: 'edge', member },
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'forward' as const, routes: [{ chainer: { type: 'inband' as const } }] } },
    ...more,
  });

  async function program(member: string, more: object = {}, at = redis.port) {
    const file = join(folder, `${member}.json`);
    await writeFile(file, JSON.stringify(configuration(member, more, at)));
    return startProgram(['--config', file]);
  }

  /** The program of that name, started where it does not run. */
  function running(name: string, more: () => object | Promise<object>): Promise<Running> {
    let started = programs.get(name);
    if (started === undefined) {
      started = startRunning(name, more);
      programs.set(name, started);
    }
    return started;
  }

  async function startRunning(name: string, more: () => object | Promise<object>): Promise<Running> {
    const own = await program(name, await more());
    const { address, service } = await own.logged('listening');
    return { program: own, port: Number(String(address).split(':').at(-1)), service: String(service) };
  }

  const several = (): Promise<Running> =>
    running('several', () => ({ workers: 2, ...limited(`web-${(generation += 1)}`) }));
  const one = (): Promise<Running> =>
    running('one', async () => ({ listeners: [{ bind: `127.0.0.1:${await freePort()}`, service: 'web' }] }));

  /** It is started again by whoever needs it next. */
  async function end(name: string): Promise<void> {
    const started = programs.get(name);
    programs.delete(name);
    const own = (await started)?.program;
    own?.kill('SIGKILL');
    await own?.ended;
  }

  const member = (name: string): Promise<ClusterMember> =>
    until(async () => (await store.members().catch(() => [])).map(clusterMember).find((found) => found.name === name));

  /** Requests on connections of their own, and how many of them were answered. */
  async function answered(ports: readonly number[], rounds: number): Promise<number> {
    let passed = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const at of ports) {
        const { status } = await fetch(`http://127.0.0.1:${at}/`, { headers: { connection: 'close' } });
        if (status === 200) passed += 1;
      }
    }
    return passed;
  }

  test('are workers with one supervisor, single processes, and programs that embed a proxy', async () => {
    await Promise.all([several(), one()]);
    await using embedded = await createInband(configuration('embedded', {}));
    expect(embedded.listeners).toHaveLength(1);
    expect(await member('several')).toMatchObject({ version: expect.any(String), pid: expect.any(Number) });
    expect(await member('one')).toMatchObject({ workers: 1 });
    expect(await member('embedded')).toMatchObject({ pid: process.pid });
  });

  test('stay the same when a successor takes over, and are gone when they end', async () => {
    onTestFinished(() => end('one'));
    const [{ program: own }] = await Promise.all([one(), several()]);
    const { pid: before = 0 } = await member('one');
    process.kill(before, 'SIGUSR2');
    const successor = Number((await own.logged('the successor accepts clients')).successor);
    onTestFinished(() => {
      if (isRunning(successor)) process.kill(successor, 'SIGKILL');
    });
    await until(async () => (isRunning(before) ? undefined : true));
    await until(async () => ((await member('one')).pid === successor ? true : undefined));
    process.kill(successor, 'SIGTERM');
    expect((await own.ended).status).toBe(0);
    expect((await store.members()).map(({ name }) => name)).toEqual(['several']);
  });

  test('share limits, also in parts while the store is away, and again when it is back', async () => {
    onTestFinished(() => end('several'));
    const { program: own, port, service } = await several();
    await using embedded = await createInband(configuration('embedded', limited(service)));
    const [other = 0] = embedded.listeners.map(({ address: at }) => ('port' in at ? at.port : 0));
    const ports = [port, other];
    await Promise.all([member('several'), member('embedded')]);
    // Each of three processes by itself would let 20 pass. In advance each may spend 10.
    const passed = await answered(ports, 30);
    expect(passed).toBeGreaterThanOrEqual(20);
    expect(passed).toBeLessThanOrEqual(45);
    await redis.kill();
    const away = { isSaid: false };
    const said = own.logged(AWAY).then(() => (away.isSaid = true));
    let passedAway = 0;
    while (!away.isSaid) passedAway += await answered(ports, 5);
    await said;
    // By the memory of each member, which has its part of the limit, and what was lent before.
    expect(passedAway).toBeLessThanOrEqual(30);
    await redis.start();
    await own.logged('the store is back');
    await Promise.all([member('several'), member('embedded')]);
    own.kill('SIGTERM');
    const { status, stdout } = await own.ended;
    const lines = stdout.split('\n').filter((line) => line.includes('the store is'));
    expect([status, lines.length]).toEqual([0, 2]);
  });

  test('cannot become others by a reload', async () => {
    await using embedded = await createInband(configuration('embedded', {}));
    const other = embedded.reload(configuration('another', { store: { type: 'memory' } }));
    await expect(other).rejects.toThrow(/^store: a reload cannot change this.*\ncluster: a reload cannot change this/);
  });

  test('start and end without a store that answers, and say once that it is away', async () => {
    const alone = await program('alone', { workers: 2 }, await freePort());
    await Promise.all([alone.logged('listening'), alone.logged(AWAY)]);
    alone.kill('SIGTERM');
    const { status, stdout, stderr } = await alone.ended;
    expect({ status, stderr, said: stdout.split(AWAY).length - 1 }).toEqual({ status: 0, stderr: '', said: 1 });
  });
});
