import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '@inband/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepingLogger } from '../../../../packages/store/test-support/keeping-logger.ts';
import { freePort, type ServerProcess, startRedis } from '../../../../packages/store/test-support/servers.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { startProgram } from '../../test-support/program.ts';
import { createInband } from '../index.ts';
import { type ClusterMember, clusterMember } from './member-info.ts';

/** Milliseconds until something has to be so. */
const LONGEST = 10_000;

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const ends = performance.now() + LONGEST;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > ends) throw new Error('it has not become so');
    await new Promise((done) => setTimeout(done, 20));
  }
}

describeRequiring({ commands: ['redis-server'] }, 'members of a cluster', () => {
  let folder: string;
  let redis: ServerProcess;
  let store: Store;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-cluster-'));
    redis = await startRedis();
    const { logger } = keepingLogger();
    const servers = { at: { host: '127.0.0.1', port: redis.port } };
    store = await openStore({ type: 'redis', servers, key: 'test:edge', logger });
  });
  afterAll(async () => {
    await store.close();
    await redis.remove();
    await rm(folder, { recursive: true });
  });

  const configuration = (member: string, more: object, port = redis.port) => ({
    store: { type: 'redis' as const, url: `redis://127.0.0.1:${port}`, key: 'test' },
    cluster: { name: 'edge', member },
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'forward' as const, routes: [{ chainer: { type: 'inband' as const } }] } },
    ...more,
  });

  async function program(member: string, more: object = {}, port = redis.port) {
    const file = join(folder, `${member}.json`);
    await writeFile(file, JSON.stringify(configuration(member, more, port)));
    return startProgram(['--config', file]);
  }

  const member = (name: string): Promise<ClusterMember> =>
    until(async () => (await store.members().catch(() => [])).map(clusterMember).find((one) => one.name === name));

  test('are workers with one supervisor, single processes, and programs that embed a proxy', async () => {
    const several = await program('several', { workers: 2 });
    const one = await program('one');
    await using embedded = await createInband(configuration('embedded', {}));
    expect(embedded.listeners).toHaveLength(1);
    await Promise.all([several.logged('listening'), one.logged('listening')]);
    expect(await member('several')).toMatchObject({ version: expect.any(String), pid: expect.any(Number) });
    expect(await member('one')).toMatchObject({ workers: 1 });
    expect(await member('embedded')).toMatchObject({ pid: process.pid });
    several.kill('SIGTERM');
    one.kill('SIGTERM');
    expect([(await several.ended).status, (await one.ended).status]).toEqual([0, 0]);
  }, 30_000);

  test('start and end without a store that answers, and say once that it is away', async () => {
    const alone = await program('alone', { workers: 2 }, await freePort());
    await alone.logged('listening');
    alone.kill('SIGTERM');
    const { status, stderr } = await alone.ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }, 30_000);
});
