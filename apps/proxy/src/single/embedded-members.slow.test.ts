import { openStore, type Store } from '@inband/store';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { keepingLogger } from '../../../../packages/store/test-support/keeping-logger.ts';
import { type ServerProcess, startRedis } from '../../../../packages/store/test-support/servers.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { createInband, type Inband } from '../index.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const SOON = { timeout: 30_000, interval: 20 };
const AWAY = 'the store is away: what is shared by it is used as it was last known';
const BACK = 'the store is back';

interface Member {
  readonly inband: Inband;
  readonly lines: string[];
}

describeRequiring({ commands: ['redis-server'] }, 'programs that embed the proxy, as members whose store fails', () => {
  let redis: ServerProcess;
  let store: Store;
  let members: readonly [Member, Member];

  beforeAll(async () => {
    redis = await startRedis();
    const servers = { at: { host: '127.0.0.1', port: redis.port } };
    store = await openStore({
      type: 'redis',
      servers,
      key: 'test:edge',
      logger: keepingLogger().logger,
      deadline: 500,
    });
    members = [await start('one'), await start('two')];
  });
  afterAll(async () => {
    for (const { inband } of members) await inband.close();
    await store.close();
    await redis.remove();
  });

  async function start(member: string): Promise<Member> {
    const { logger, lines } = keepingLogger();
    const inband = await createInband(
      {
        log: { access: false },
        store: { type: 'redis', url: `redis://127.0.0.1:${redis.port}`, key: 'test' },
        cluster: { name: 'edge', member },
        listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
        services: {
          web: {
            mode: 'reverse',
            limits: { perClient: { requests: { rate: '1000000/s', burst: 1_000_000 } } },
            routes: [{ respond: { status: 200, body: 'here' } }],
          },
        },
      },
      { logger },
    );
    return { inband, lines };
  }

  const living = async (): Promise<string[]> =>
    (await store.members().catch(() => [])).map(({ name }) => name).toSorted();

  /** Requests to both, one after the other, until `done`. All have to be answered. */
  async function servedUntil(done: () => boolean): Promise<void> {
    const end = performance.now() + SOON.timeout;
    for (let isDone = false; !isDone; isDone = done()) {
      for (const { inband } of members) {
        const [address] = inband.listeners.map((listener) => listener.address);
        const port = address !== undefined && 'port' in address ? address.port : 0;
        const response = await fetch(`http://127.0.0.1:${port}/`);
        expect([response.status, await response.text()]).toEqual([200, 'here']);
      }
      // So that it is known here, too, how the store is.
      await living();
      if (performance.now() > end)
        throw new Error(`It has not become so: ${JSON.stringify(members.map(({ lines }) => lines))}`);
    }
  }

  const allSay = (message: string, times: number) => (): boolean =>
    members.every(({ lines }) => lines.filter((line) => line === message).length >= times);

  test('serve every request while it is stopped, killed and wiped, and are members again when it is back', async () => {
    await vi.waitFor(async () => expect(await living()).toEqual(['one', 'two']), SOON);
    redis.signal('SIGSTOP');
    await servedUntil(allSay(AWAY, 1));
    redis.signal('SIGCONT');
    await servedUntil(allSay(BACK, 1));
    await redis.kill();
    // Members say only once a minute that it is away.
    await servedUntil(() => store.status === 'away');
    await redis.start();
    await servedUntil(() => store.status === 'here');
    // It knows nobody any more, and is told again.
    await vi.waitFor(async () => expect(await living()).toEqual(['one', 'two']), SOON);
  });

  test('start and end while it does not answer', async () => {
    redis.signal('SIGSTOP');
    const { inband, lines } = await start('three');
    await vi.waitFor(() => expect(lines).toContain(AWAY), SOON);
    await inband.close();
    redis.signal('SIGCONT');
    // It had said nothing, so nobody has to forget it.
    expect(await living()).not.toContain('three');
  });
});
