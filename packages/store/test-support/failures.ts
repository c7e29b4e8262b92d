import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
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
/** Milliseconds of a call to a server that does not answer, which such a test waits for several times. */
const SHORT = 300;
/** Of a call where the server answers, or nobody listens at its port: a machine that is busy with other tests may take so long. */
const LONG = 5_000;
/** By which a timer may be late then. */
const LATE = 5_000;
/** Failures in a row after which a store is away. */
const FAILURES = 3;
/** What is said of a server that answers already, and says that it still reads what it had. */
const LOADING = 'the store does not do what is asked';
const RATE = { amount: 1, per: 3_600_000, burst: 10 };

interface Used {
  readonly store: Store;
  readonly link: Link;
  /** Of the log, since the store was opened. */
  readonly lines: readonly string[];
  readonly isAway: () => Promise<void>;
}

let tries = 0;
/** A name that no other test has, and no other try of the same one: what a server keeps, it keeps for the next. */
function newName(): string {
  tries += 1;
  return `failures-${tries}`;
}

/** What every store does when its server fails. */
export function failures({ start, open, leakChecked }: FailuresOptions): void {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await start();
  });

  // A test that failed while the server was halted or gone is not the end of the others.
  afterEach(async () => {
    server.signal('SIGCONT');
    if (!server.isRunning) await server.start();
  });

  afterAll(() => server.remove());

  /** Opens a store over a link, runs `body`, closes both, and fails if anything is left open. */
  const withStore = (deadline: number, body: (used: Used) => Promise<void>) =>
    leakChecked(async () => {
      const { logger, lines } = keepingLogger();
      const link = await Link.to(server.port);
      const store = await open(link.port, { logger, deadline, retryAfter: 50, failures: FAILURES, reread: 500 });
      try {
        await isBack(store);
        await body({ store, link, lines, isAway: () => refusesAll(store, deadline) });
      } finally {
        await store.close();
        await link.close();
      }
    });

  test('a server that is killed, and comes back with what it had', async () => {
    await withStore(LONG, async ({ store, lines, isAway }) => {
      const key = newName();
      await store.put(key, 'before');
      const seen: (string | undefined)[] = [];
      const watch = store.watch(key, (entry) => seen.push(entry?.value));
      await vi.waitFor(() => expect(seen).toEqual(['before']), PATIENT);
      await server.kill();
      await isAway();
      const confirmed = watch.confirmed;
      await server.start();
      await isBack(store);
      await vi.waitFor(() => expect(watch.confirmed).toBeGreaterThan(confirmed!), PATIENT);
      await store.put(key, 'after');
      await vi.waitFor(() => expect(seen).toEqual(['before', 'after']), PATIENT);
      // Each is said once a minute, also if the store was away while it was opened on a busy machine.
      expect(lines.filter((line) => line !== LOADING)).toEqual([
        'the store is away: what is shared by it is used as it was last known',
        'the store is back',
      ]);
    });
  });

  test('a server that is halted, and goes on', async () => {
    await withStore(SHORT, async ({ store, isAway }) => {
      server.signal('SIGSTOP');
      await isAway();
      server.signal('SIGCONT');
      await isBack(store);
    });
  });

  test('a server that is halted while a store is opened, and one that is closed without an answer', async () => {
    server.signal('SIGSTOP');
    await leakChecked(async () => {
      const { logger } = keepingLogger();
      const store = await open(server.port, { logger, deadline: SHORT });
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
        const store = await open(server.port, { logger, deadline: SHORT });
        store.watch('k', () => {});
        await new Promise((done) => setTimeout(done, patience));
        await expect(store.get('k')).rejects.toBeInstanceOf(StoreUnavailable);
        await store.close();
      });
    }
    await server.start();
  });

  test('a server whose answers come too late', async () => {
    await withStore(SHORT, async ({ store, link, isAway }) => {
      link.state = { late: 2_000 };
      await isAway();
      link.state = 'open';
      await isBack(store);
    });
  });

  test('a connection that is dead without saying so is made anew', async () => {
    await withStore(SHORT, async ({ store, link, isAway }) => {
      link.state = 'cut';
      await isAway();
      link.state = 'open';
      await isBack(store);
    });
  });

  test('a server that was wiped: no old revision and no old number is good for anything', async () => {
    await withStore(LONG, async ({ store }) => {
      const name = newName();
      const old = await store.put(name, 'old');
      const lock = await store.lock(name, 60_000);
      expect((await store.lease(name, RATE, 10)).granted).toBe(10);
      const counting = { most: 10, period: 86_400_000, used: 0, wanted: 10 };
      expect((await store.count(name, counting)).granted).toBe(10);
      const seen: (string | undefined)[] = [];
      store.watch(name, (entry) => seen.push(entry?.value));
      await vi.waitFor(() => expect(seen).toEqual(['old']), PATIENT);
      await server.kill();
      await server.wipe();
      await server.start();
      await isBack(store);
      await vi.waitFor(() => expect(seen).toEqual(['old', undefined]), PATIENT);
      expect(await lock!.renew(1_000)).toBe(false);
      expect((await store.lock(name, 60_000))!.fence).toBeGreaterThan(lock!.fence);
      expect((await store.lease(name, RATE, 10)).granted).toBe(10);
      // Who has spent what it took, counts it again; who has places says so again.
      expect(await store.count(name, { ...counting, used: 8 })).toMatchObject({ granted: 2, total: 10 });
      const holding = { most: 10, held: 8, wanted: 5, ttl: 60_000 };
      expect(await store.hold(name, 'm', holding)).toEqual({ granted: 2, free: 0 });
      expect(await store.put(name, 'new', { ifRevision: null })).toMatchObject({ written: true });
      const ifRevision = old.written ? old.revision : '';
      expect(await store.put(name, 'x', { ifRevision })).toEqual({ written: false, reason: 'revision' });
      await vi.waitFor(() => expect(seen.at(-1)).toBe('new'), PATIENT);
    });
  });

  test('a server that was restarted with old data: what was lost is not taken for what is there', async () => {
    await withStore(LONG, async ({ store }) => {
      const name = newName();
      const saved = join(server.folder, name);
      await store.put(name, 'old');
      await server.kill();
      await cp(join(server.folder, 'data'), saved, { recursive: true });
      await server.start();
      await isBack(store);
      const lost = await store.put(name, 'lost');
      const lock = await store.lock(name, 60_000);
      await server.kill();
      await server.wipe();
      await cp(saved, join(server.folder, 'data'), { recursive: true });
      await server.start();
      await isBack(store);
      expect((await store.get(name))?.value).toBe('old');
      const ifRevision = lost.written ? lost.revision : '';
      // As many writings as were lost.
      await store.put(name, 'other');
      expect(await store.put(name, 'x', { ifRevision })).toEqual({ written: false, reason: 'revision' });
      expect((await store.lock(name, 60_000))!.fence).toBeGreaterThan(lock!.fence);
    });
  });
}

async function isBack(store: Store): Promise<void> {
  await vi.waitFor(() => store.get('nothing'), PATIENT);
}

/** All calls are made, and each is refused in time. What fails at the same time is one failure. */
async function refusesAll(store: Store, deadline: number): Promise<void> {
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
    expect(performance.now() - begun).toBeLessThan(deadline + LATE);
  }
  expect(store.status).not.toBe('here');
}
