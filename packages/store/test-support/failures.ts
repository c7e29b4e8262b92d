import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Store, type StoreOptions, StoreUnavailable } from '../src/index.ts';
import { keepingLogger } from './keeping-logger.ts';
import { Link } from './link.ts';
import type { ServerProcess } from './servers.ts';

/** An implementation with a server that can fail. */
export interface FailuresOptions {
  readonly start: () => Promise<ServerProcess>;
  readonly open: (port: number, options: StoreOptions) => Promise<Store>;
  /** Runs a test, and fails if it has left anything open. */
  readonly leakChecked: (body: () => Promise<void>) => Promise<void>;
}

const PATIENT = { timeout: 15_000, interval: 10 };
/** Milliseconds. Long, because the machine is busy with other tests. */
const DEADLINE = 300;
/** By which a timer may be late then. */
const LATE = 2_000;
/** Failures in a row after which a store is away. */
const FAILURES = 3;
const RATE = { amount: 1, per: 3_600_000, burst: 10 };

/** What every store does when its server fails. */
export function failures({ start, open, leakChecked }: FailuresOptions): void {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await start();
  });

  afterAll(() => server.remove());

  /** Opens a store over a link, runs `body`, closes both, and fails if anything is left open. */
  const withStore = (body: (used: { store: Store; link: Link; lines: string[] }) => Promise<void>) =>
    leakChecked(async () => {
      const { logger, lines } = keepingLogger();
      const link = await Link.to(server.port);
      const store = await open(link.port, {
        logger,
        deadline: DEADLINE,
        retryAfter: 50,
        failures: FAILURES,
        reread: 500,
      });
      try {
        await isBack(store);
        lines.length = 0;
        await body({ store, link, lines });
      } finally {
        await store.close();
        await link.close();
      }
    });

  test('a server that is killed, and comes back with what it had', async () => {
    await withStore(async ({ store, lines }) => {
      await store.put('k', 'before');
      const seen: (string | undefined)[] = [];
      const watch = store.watch('k', (entry) => seen.push(entry?.value));
      await vi.waitFor(() => expect(seen).toEqual(['before']), PATIENT);
      await server.kill();
      await isAway(store);
      const confirmed = watch.confirmed;
      await server.start();
      await isBack(store);
      await vi.waitFor(() => expect(watch.confirmed).toBeGreaterThan(confirmed!), PATIENT);
      await store.put('k', 'after');
      await vi.waitFor(() => expect(seen).toEqual(['before', 'after']), PATIENT);
      expect(lines).toEqual([
        'the store is away: what is shared by it is used as it was last known',
        'the store is back',
      ]);
    });
  });

  test('a server that is halted, and goes on', async () => {
    await withStore(async ({ store }) => {
      server.signal('SIGSTOP');
      await isAway(store);
      server.signal('SIGCONT');
      await isBack(store);
    });
  });

  test('a server that is halted while a store is opened, and one that is closed without an answer', async () => {
    server.signal('SIGSTOP');
    await leakChecked(async () => {
      const { logger } = keepingLogger();
      const store = await open(server.port, { logger, deadline: DEADLINE });
      await expect(store.get('k')).rejects.toBeInstanceOf(StoreUnavailable);
      const waiting = store.get('k').catch((error: unknown) => error);
      await store.close();
      expect(await waiting).toBeInstanceOf(StoreUnavailable);
    });
    server.signal('SIGCONT');
  });

  test('a store that is closed while its server is gone, at its first try to connect and between two', async () => {
    await server.kill();
    for (const patience of [0, 60]) {
      await leakChecked(async () => {
        const { logger } = keepingLogger();
        const store = await open(server.port, { logger, deadline: DEADLINE });
        store.watch('k', () => {});
        await new Promise((done) => setTimeout(done, patience));
        await expect(store.get('k')).rejects.toBeInstanceOf(StoreUnavailable);
        await store.close();
      });
    }
    await server.start();
  });

  test('a server whose answers come too late', async () => {
    await withStore(async ({ store, link }) => {
      link.state = { late: 2_000 };
      await isAway(store);
      link.state = 'open';
      await isBack(store);
    });
  });

  test('a connection that is dead without saying so is made anew', async () => {
    await withStore(async ({ store, link }) => {
      link.state = 'cut';
      await isAway(store);
      link.state = 'open';
      await isBack(store);
    });
  });

  test('a server that was wiped: no old revision and no old number is good for anything', async () => {
    await withStore(async ({ store }) => {
      const old = await store.put('k', 'old');
      const lock = await store.lock('l', 60_000);
      expect((await store.lease('wiped', RATE, 10)).granted).toBe(10);
      const counting = { most: 10, period: 86_400_000, used: 0, wanted: 10 };
      expect((await store.count('wiped', counting)).granted).toBe(10);
      const seen: (string | undefined)[] = [];
      store.watch('k', (entry) => seen.push(entry?.value));
      await vi.waitFor(() => expect(seen).toEqual(['old']), PATIENT);
      await server.kill();
      await server.wipe();
      await server.start();
      await isBack(store);
      await vi.waitFor(() => expect(seen).toEqual(['old', undefined]), PATIENT);
      expect(await lock!.renew(1_000)).toBe(false);
      expect((await store.lock('l', 60_000))!.fence).toBeGreaterThan(lock!.fence);
      expect((await store.lease('wiped', RATE, 10)).granted).toBe(10);
      // Who has spent what it took, counts it again; who has places says so again.
      expect(await store.count('wiped', { ...counting, used: 8 })).toMatchObject({ granted: 2, total: 10 });
      const holding = { most: 10, held: 8, wanted: 5, ttl: 60_000 };
      expect(await store.hold('wiped', 'm', holding)).toEqual({ granted: 2, free: 0 });
      expect(await store.put('k', 'new', { ifRevision: null })).toMatchObject({ written: true });
      const ifRevision = old.written ? old.revision : '';
      expect(await store.put('k', 'x', { ifRevision })).toEqual({ written: false, reason: 'revision' });
      await vi.waitFor(() => expect(seen.at(-1)).toBe('new'), PATIENT);
    });
  });

  test('a server that was restarted with old data: what was lost is not taken for what is there', async () => {
    await withStore(async ({ store }) => {
      const saved = join(server.folder, 'saved');
      await store.put('k', 'old');
      await server.kill();
      await cp(join(server.folder, 'data'), saved, { recursive: true });
      await server.start();
      await isBack(store);
      const lost = await store.put('k', 'lost');
      const lock = await store.lock('lost', 60_000);
      await server.kill();
      await server.wipe();
      await cp(saved, join(server.folder, 'data'), { recursive: true });
      await server.start();
      await isBack(store);
      expect((await store.get('k'))?.value).toBe('old');
      const ifRevision = lost.written ? lost.revision : '';
      // As many writings as were lost.
      await store.put('k', 'other');
      expect(await store.put('k', 'x', { ifRevision })).toEqual({ written: false, reason: 'revision' });
      expect((await store.lock('lost', 60_000))!.fence).toBeGreaterThan(lock!.fence);
    });
  });
}

async function isBack(store: Store): Promise<void> {
  await vi.waitFor(() => store.get('nothing'), PATIENT);
}

/** All calls are made, and each is refused in time. What fails at the same time is one failure. */
async function isAway(store: Store): Promise<void> {
  for (let round = 0; round < FAILURES; round += 1) {
    const begun = performance.now();
    const calls = [
      store.get('k'),
      store.put('k', 'v'),
      store.remove('k'),
      store.take('b', RATE, 1),
      store.lease('b', RATE, 1),
      store.hold('p', 'm', { most: 1, held: 0, wanted: 1, ttl: 1_000 }),
      store.count('c', { most: 1, period: 1_000, used: 1, wanted: 0 }),
      store.lock('l', 1_000),
      store.beat('m', ''),
      store.members(),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome.status).toBe('rejected');
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(StoreUnavailable);
    }
    expect(performance.now() - begun).toBeLessThan(DEADLINE + LATE);
  }
  expect(store.status).not.toBe('here');
}
