import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { describeRequiring, findCommand } from '../../../../test/support/requires.ts';
import { freePort } from '../../../core/test-support/free-port.ts';
import { keepingLogger } from '../../test-support/keeping-logger.ts';
import { type ServerProcess, startRedis, startSentinel } from '../../test-support/servers.ts';
import { openStore, type RedisServers, type Store, StoreUnavailable } from '../index.ts';

const PATIENT = { timeout: 15_000, interval: 20 };
const isLong = process.env.INBAND_TEST_LONG !== undefined;
const HOST = '127.0.0.1';
const FIXTURES = join(import.meta.dirname, '../../../../test/fixtures/tls');
const CERTIFICATE = join(FIXTURES, 'localhost.crt');
const CLI = findCommand('redis-cli') ?? 'redis-cli';
const run = promisify(execFile);
/** As docs/cluster.md has them. */
const RIGHTS =
  '~inband:* ~{inband:* &inband:* -@all +@scripting +@pubsub +hmget +hget +hset +hdel +del +persist +pexpire +time +hlen +pttl +zadd +zrem +zrangebyscore +zcard +zcount';

describeRequiring({ commands: ['redis-server', 'redis-cli'] }, 'redis-server', () => {
  const opened: Store[] = [];
  const started: ServerProcess[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
    await Promise.all(started.splice(0).map((server) => server.remove()));
  });

  const open = async (servers: RedisServers, deadline = 2_000): Promise<Store> => {
    const { logger } = keepingLogger();
    const store = await openStore({ type: 'redis', logger, servers, deadline, retryAfter: 50, reread: 60_000 });
    opened.push(store);
    return store;
  };

  const begun = async (starting: Promise<ServerProcess>): Promise<ServerProcess> => {
    const server = await starting;
    started.push(server);
    return server;
  };

  /** Everything that touches a key of its own, and what is heard of changes. */
  const works = async (store: Store): Promise<void> => {
    await vi.waitFor(() => store.put('k', 'one'), PATIENT);
    const seen: (string | undefined)[] = [];
    store.watch('k', (entry) => seen.push(entry?.value));
    await vi.waitFor(() => expect(seen).toEqual(['one']), PATIENT);
    await vi.waitFor(async () => {
      await store.put('k', 'two');
      expect(seen).toEqual(['one', 'two']);
    }, PATIENT);
    expect(await store.take('b', { amount: 1, per: 60_000, burst: 2 }, 1)).toMatchObject({
      allowed: true,
      remaining: 1,
    });
    const holding = { most: 3, held: 1, wanted: 1, ttl: 60_000 };
    expect(await store.hold('p', 'm', holding)).toEqual({ granted: 1, free: 1 });
    expect(await store.hold('p', 'm', { ...holding, held: 0, wanted: 0 })).toEqual({ granted: 0, free: 3 });
    const counting = { most: 9, period: 86_400_000, used: 1, wanted: 2 };
    expect(await store.count('c', counting)).toMatchObject({ granted: 2, total: 3 });
    expect((await store.lock('l', 60_000))?.fence).toBeGreaterThan(1e15);
    expect(await store.beat('m', '')).toBe(1);
    expect(await store.members()).toEqual([{ name: 'm', info: '' }]);
  };

  test('a server at a Unix socket', async () => {
    const server = await begun(startRedis({ more: () => ['--unixsocket', 'redis.sock'] }));
    await works(await open({ at: { path: join(server.folder, 'data', 'redis.sock') } }));
  });

  test('TLS, and a user that may do no more than is needed', async () => {
    const key = join(FIXTURES, 'localhost.key');
    const tls = (port: number) => [
      ...`--port 0 --tls-port ${port} --tls-auth-clients no --tls-ca-cert-file ${CERTIFICATE}`.split(' '),
      ...`--tls-cert-file ${CERTIFICATE} --tls-key-file ${key}`.split(' '),
      ...`--user default off --user edge on >secret ${RIGHTS}`.split(' '),
    ];
    const server = await begun(startRedis({ more: tls }));
    const at = { host: HOST, port: server.port };
    const ca = await readFile(CERTIFICATE, 'utf8');
    await works(await open({ at, tls: { ca }, user: 'edge', password: 'secret' }));
    const reasons = await Promise.all([
      refusal(await open({ at, tls: { ca }, user: 'edge', password: 'wrong' })),
      refusal(await open({ at, tls: true, user: 'edge', password: 'secret' })),
    ]);
    expect(reasons.join()).toMatch(/^(refused|disconnected),disconnected$/);
  });

  test('a server behind Sentinels', async () => {
    const master = await begun(startRedis());
    const sentinel = await begun(startSentinel(master.port));
    await works(await open({ at: { sentinels: [{ host: HOST, port: sentinel.port }], master: 'edge' } }));
  });

  // It takes seven seconds, nearly all of them Sentinel's own.
  if (isLong)
    test('the server that takes over when the one behind Sentinels is killed', async () => {
      const [master, other] = await Promise.all([begun(startRedis()), begun(startRedis())]);
      await redisCli(other.port, 'replicaof', HOST, `${master.port}`);
      await vi.waitFor(async () => {
        expect(await redisCli(master.port, 'info', 'replication')).toMatch(/state=online/);
      }, PATIENT);
      const sentinel = await begun(startSentinel(master.port));
      const store = await open({ at: { sentinels: [{ host: HOST, port: sentinel.port }], master: 'edge' } });
      await works(store);
      await vi.waitFor(async () => {
        expect(await redisCli(sentinel.port, 'sentinel', 'replicas', 'edge')).toContain(`${other.port}`);
      }, PATIENT);
      await master.kill();
      await vi.waitFor(() => store.put('k', 'after'), PATIENT);
      expect(await redisCli(other.port, 'hget', 'inband:entry:k', 'v')).toBe('after\n');
    });

  test('a Cluster of one server, which redirects nobody', async () => {
    const bus = await freePort();
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-announce-ip', HOST];
    const server = await begun(startRedis({ more: () => cluster }));
    await redisCli(server.port, 'cluster', 'addslotsrange', '0', '16383');
    await works(await open({ at: { cluster: [{ host: HOST, port: server.port }] } }));
  });

  test('of places of which the server has dropped a part, nothing is left', async () => {
    const server = await begun(startRedis());
    const store = await open({ at: { host: HOST, port: server.port } });
    const holding = { most: 5, held: 2, wanted: 0, ttl: 60_000 };
    await vi.waitFor(() => store.hold('k', 'a', holding), PATIENT);
    for (const dropped of ['until', 'places']) {
      expect(await store.hold('k', 'b', holding)).toEqual({ granted: 0, free: 1 });
      await redisCli(server.port, 'del', `{inband:places:k}:${dropped}`);
      expect(await store.hold('k', 'a', holding)).toEqual({ granted: 0, free: 3 });
    }
    expect(Number(await redisCli(server.port, 'pttl', '{inband:places:k}:until'))).toBeGreaterThan(0);
    expect(Number(await redisCli(server.port, 'pttl', '{inband:places:k}:places'))).toBeGreaterThan(0);
  });

  test('a server whose password is another one, or that is a replica, is away, says why, and is tried anew', async () => {
    const server = await begun(startRedis());
    const cli = (...args: readonly string[]) => run(CLI, ['-h', HOST, '-p', String(server.port), ...args]);
    await cli('CONFIG', 'SET', 'requirepass', 'another');
    const store = await open({ at: { host: HOST, port: server.port }, password: 'secret' });
    const isAwayBecause = (why: string) =>
      vi.waitFor(async () => {
        await store.put('k', 'v').catch(() => undefined);
        expect(store.status).not.toBe('here');
        expect(store.calls.lastFailure).toContain(why);
      }, PATIENT);
    await isAwayBecause('WRONGPASS');
    await cli('-a', 'another', 'CONFIG', 'SET', 'requirepass', 'secret');
    await works(store);
    await cli('-a', 'secret', 'REPLICAOF', HOST, String(await freePort()));
    await isAwayBecause('READONLY');
    await cli('-a', 'secret', 'REPLICAOF', 'NO', 'ONE');
    await vi.waitFor(() => store.put('k', 'v'), PATIENT);
    expect(store.status).toBe('here');
  });

  test('the rights that are documented are those of these tests', async () => {
    const text = await readFile(join(import.meta.dirname, '../../../../docs/cluster.md'), 'utf8');
    expect(text).toContain(RIGHTS);
  });

  test('a server without room refuses to write, and is not taken for one that is away', async () => {
    const server = await begun(startRedis());
    const store = await open({ at: { host: HOST, port: server.port } });
    await vi.waitFor(() => store.put('k', 'v'), PATIENT);
    await redisCli(server.port, 'config', 'set', 'maxmemory', '1');
    for (let count = 0; count < 6; count += 1)
      await expect(store.put('k', 'w')).rejects.toMatchObject({ reason: 'full' });
    expect(await store.get('k')).toMatchObject({ value: 'v' });
    expect(store.status).toBe('here');
    await redisCli(server.port, 'script', 'flush');
    await redisCli(server.port, 'config', 'set', 'maxmemory', '0');
    expect(await store.put('k', 'w')).toMatchObject({ written: true });
  });
});

async function redisCli(port: number, ...command: readonly string[]): Promise<string> {
  return (await run(CLI, ['-p', `${port}`, ...command])).stdout;
}

async function refusal(store: Store): Promise<string> {
  const error: unknown = await store.get('k').catch((thrown: unknown) => thrown);
  return error instanceof StoreUnavailable ? error.reason : 'none';
}
