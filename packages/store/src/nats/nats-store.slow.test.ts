import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { keepingLogger } from '../../test-support/keeping-logger.ts';
import { type ServerProcess, startNats } from '../../test-support/servers.ts';
import { suite } from '../../test-support/suite.ts';
import { openStore, type Store } from '../index.ts';
import { ServerClock } from './server-clock.ts';

describeRequiring({ commands: ['nats-server'] }, 'nats-server', () => {
  const { logger } = keepingLogger();
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startNats();
  });

  afterAll(() => server.remove());

  const opened: Store[] = [];

  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  async function open(): Promise<Store> {
    const servers = { addresses: [{ host: '127.0.0.1', port: server.port }] };
    const store = await openStore({ type: 'nats', logger, key: 'clocks', deadline: 5_000, failures: 1_000, servers });
    opened.push(store);
    return store;
  }

  test('a lock that was released can be had by who knows the time of the store as an earlier one', async () => {
    const [first, other] = [await open(), await open()];
    const clocks: ServerClock[] = [];
    // oxlint-disable-next-line typescript/unbound-method -- it is called with its own
    const { now } = ServerClock.prototype;
    vi.spyOn(ServerClock.prototype, 'now').mockImplementation(async function (this: ServerClock, kv) {
      if (!clocks.includes(this)) clocks.push(this);
      return (await now.call(this, kv)) - 1_000 * clocks.indexOf(this);
    });
    await vi.waitFor(() => first.time(), { timeout: 20_000, interval: 20 });
    await vi.waitFor(() => other.time(), { timeout: 20_000, interval: 20 });
    const ahead = (await first.time()) > (await other.time()) ? first : other;
    const behind = ahead === first ? other : first;
    const lock = await ahead.lock('l', 60_000);
    await lock?.release();
    expect((await behind.lock('l', 60_000))?.fence).toBeGreaterThan(lock?.fence ?? Infinity);
  });

  suite({
    runs: 8,
    open: ({ now, ...options }) =>
      openStore({
        type: 'nats',
        logger,
        // A machine that is busy with other tests is no store that is away.
        deadline: 5_000,
        servers: { addresses: [{ host: '127.0.0.1', port: server.port }] },
        ...(now !== undefined && { bucketClock: now }),
        ...options,
      }),
  });
});
