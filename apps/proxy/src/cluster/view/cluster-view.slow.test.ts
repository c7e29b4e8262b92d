import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, ClusterSessions, Pools } from '@inband/admin';
import { openStore } from '@inband/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerProcess, startRedis } from '../../../../../packages/store/test-support/servers.ts';
import { describeRequiring } from '../../../../../test/support/requires.ts';
import { askAdmin } from '../../../test-support/admin-client.ts';
import { type AdminProgram, startAdminProgram, startServer } from '../../../test-support/program-with-admin.ts';
import { runProgram } from '../../../test-support/program.ts';
import { createInband, type Inband } from '../../index.ts';
import { silentLogger } from '../../log/logging.ts';

const POOL = 'services.web.routes[0].chainer';
/** Milliseconds until something has to be so. */
const SOON = { timeout: 10_000, interval: 20 };

describeRequiring({ commands: ['redis-server'] }, 'three members of a cluster', () => {
  let folder: string;
  let redis: ServerProcess;
  /** The servers of the service, of which the second one is drained and taken back. */
  let origin: string;
  let second: string;
  /** A single process, and one with workers. */
  let one: AdminProgram;
  let two: AdminProgram;
  /** A program that embeds the proxy, without an admin server. */
  let three: Inband;
  const ends: (() => Promise<void>)[] = [];

  const configuration = (member: string, more: object = {}) => ({
    store: { type: 'redis' as const, url: `redis://127.0.0.1:${redis.port}`, deadline: '200ms' as const },
    cluster: { name: 'edge', member, secret: { file: join(folder, 'cluster.key') } },
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: {
      web: { mode: 'reverse' as const, routes: [{ chainer: { type: 'failover' as const, hosts: [origin, second] } }] },
    },
    ...more,
  });
  const start = (member: string, more: object = {}) =>
    startAdminProgram(
      JSON.stringify(configuration(member, { admin: { bind: '127.0.0.1:0', anonymous: 'operate' }, ...more })),
      1,
      (end) => ends.push(end),
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-view-'));
    await writeFile(join(folder, 'cluster.key'), randomBytes(32));
    redis = await startRedis();
    origin = await startServer('', (end) => ends.push(end));
    second = await startServer('', (end) => ends.push(end));
    [one, two, three] = await Promise.all([
      start('one'),
      start('two', { workers: 2 }),
      createInband(configuration('three')),
    ]);
  }, 180_000);
  afterAll(async () => {
    await three.close({ grace: 0 });
    for (const end of ends.toReversed()) await end();
    await redis.remove();
    await rm(folder, { recursive: true });
  });

  const get = async <T>(program: Pick<AdminProgram, 'admin'>, path: string): Promise<T> =>
    (await askAdmin(program.admin, ['GET', path])).body as T;
  const post = async <T>(program: Pick<AdminProgram, 'admin'>, path: string): Promise<T> =>
    (await askAdmin(program.admin, ['POST', path])).body as T;
  const order = (what: string): string =>
    `/pools/${encodeURIComponent(POOL)}/servers/${second}/${what}?everywhere=true`;
  const stateAt = async (program: Pick<AdminProgram, 'admin'>): Promise<string | undefined> => {
    const { pools } = await get<Pools>(program, '/pools');
    return pools[0]?.servers.find(({ address }) => address === second)?.state;
  };

  test('each knows all of them, with how they are', async () => {
    const seen = async () => (await get<Cluster>(one, '/cluster')).members.map(({ name }) => name);
    await expect.poll(seen, SOON).toEqual(['one', 'three', 'two']);
    // The first beats come before there are workers, and before a clock was compared.
    const said = async () =>
      (await get<Cluster>(one, '/cluster')).members.map(({ workers, clock }) => (clock === null ? null : workers));
    await expect.poll(said, { ...SOON, timeout: 15_000 }).toEqual([1, 1, 2]);
    // On a machine that is busy the store may be away for a moment.
    await expect
      .poll(() => get<Cluster>(one, '/cluster'), SOON)
      .toMatchObject({
        name: 'edge',
        member: 'one',
        status: 'well',
        reasons: [],
        store: { type: 'redis', address: `redis://127.0.0.1:${redis.port}`, status: 'here' },
        canary: null,
        orders: [],
      });
    const cluster = await get<Cluster>(one, '/cluster');
    for (const { clock, version } of cluster.members) {
      expect(version).toMatch(/^\d/);
      expect(Math.abs(clock ?? Infinity)).toBeLessThan(1_000);
    }
  }, 60_000);

  test('a server that is drained everywhere is drained in all processes, also of one that starts later', async () => {
    expect(await post<Pools>(two, order('drain'))).toMatchObject({
      everywhere: { told: true, detail: 'All members get it, those that start later included.' },
      pools: [{ servers: [{ state: 'up' }, { state: 'drained', why: 'drain, by anonymous', everywhere: true }] }],
    });
    await expect.poll(() => stateAt(one), SOON).toBe('drained');
    const adminOfFour = `unix:${join(folder, 'four.sock')}`;
    await using four = await createInband(
      configuration('four', { admin: { bind: adminOfFour, anonymous: 'operate' } }),
    );
    expect(four.listeners).toHaveLength(1);
    await expect.poll(() => stateAt({ admin: adminOfFour }), SOON).toBe('drained');
    expect(await get<Cluster>(one, '/cluster')).toMatchObject({
      orders: [{ pool: POOL, address: second, order: 'drain', by: 'anonymous', member: 'two' }],
    });
    expect(await post<Pools>({ admin: adminOfFour }, order('up'))).toMatchObject({ everywhere: { told: true } });
    await expect.poll(() => stateAt(one), SOON).toBe('up');
    await expect.poll(() => stateAt(two), SOON).toBe('up');
  }, 60_000);

  test('sessions of all members are shown with the member of each, also of one without an admin server', async () => {
    const [listener] = three.listeners;
    const { address } = listener ?? {};
    const port = address !== undefined && 'port' in address ? address.port : 0;
    const sockets = [Number(two.proxies[0]?.split(':').at(-1)), port].map((to) => connect(to, '127.0.0.1'));
    for (const socket of sockets) socket.write('GET /waits HTTP/1.1\r\nHost: web.example\r\n\r\n');
    const found = async () => {
      const { sessions, why } = await get<ClusterSessions>(one, '/cluster/sessions?service=web');
      return { of: sessions.map(({ member }) => member).toSorted(), why };
    };
    await expect.poll(found, { ...SOON, timeout: 20_000 }).toEqual({ of: ['three', 'two'], why: null });
    for (const socket of sockets) socket.destroy();
    const servers = { at: { host: '127.0.0.1', port: redis.port } };
    const store = await openStore({ type: 'redis', servers, key: 'inband:edge', logger: silentLogger });
    const stored = () => store.get('sessions/two').catch(() => undefined);
    await expect.poll(async () => (await stored())?.value, SOON).toMatch(/^sealed1\./);
    await store.close();
  }, 60_000);

  test('without the store it says what it knows, on the command line with a status for scripts', async () => {
    const file = join(folder, 'ask.json');
    await writeFile(file, JSON.stringify({ admin: { bind: one.admin } }));
    const inband = (...words: string[]) => runProgram([...words, '--config', file]);
    redis.signal('SIGSTOP');
    try {
      await expect.poll(async () => (await get<Cluster>(one, '/cluster')).status, SOON).toBe('away');
      const { status, stdout } = await inband('cluster', 'status');
      expect(status).toBe(4);
      expect(stdout).toMatch(/^edge: away, \d members; this is one\n/);
      expect(stdout).toMatch(/\n! The store redis:\S+ is away since \S+: .*only this member is known\.\n/);
      expect(stdout).toMatch(/\none +here .* limits,logins,tickets,configuration\n/);
      expect(stdout).toMatch(/\ntwo +unknown /);
      const drained = await inband('server', 'drain', POOL, second, '--everywhere');
      expect(drained).toMatchObject({
        status: 4,
        stdout: expect.stringContaining(`${second}: drained. Only this member has it: `),
      });
      expect(await get<ClusterSessions>(one, '/cluster/sessions')).toMatchObject({
        why: expect.stringMatching(/^Only this member is known: /),
      });
    } finally {
      redis.signal('SIGCONT');
    }
    await expect.poll(async () => (await get<Cluster>(one, '/cluster')).status, SOON).toBe('well');
    expect(await stateAt(two)).toBe('up');
  }, 60_000);
});
