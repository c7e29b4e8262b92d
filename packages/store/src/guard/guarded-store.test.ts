import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepingLogger } from '../../test-support/keeping-logger.ts';
import type { Backend, BackendEvents } from '../base/backend.ts';
import { StoreError, StoreUnavailable } from '../base/errors.ts';
import type { Entry } from '../base/store.ts';
import { GuardedStore } from './guarded-store.ts';

const RATE = { amount: 1, per: 1_000, burst: 1 };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A store over a backend whose every call does `what`. */
function storeOver(what: () => unknown) {
  const log = keepingLogger();
  const made = { calls: 0, reconnects: 0, events: undefined as BackendEvents | undefined };
  const call = async (): Promise<never> => {
    made.calls += 1;
    return (await what()) as never;
  };
  const backend: Backend = {
    get: call,
    put: call,
    remove: call,
    take: call,
    lease: call,
    hold: call,
    count: call,
    acquire: call,
    renew: call,
    release: call,
    beat: call,
    leave: call,
    members: call,
    time: call,
    follow: () => {},
    unfollow: () => {},
    reconnect: () => void (made.reconnects += 1),
    close: async () => {},
  };
  const store = new GuardedStore({ logger: log.logger }, (events) => {
    made.events = events;
    return backend;
  });
  return { store, made, lines: log.lines };
}

const never = () => new Promise(() => {});
/** The reason of a rejection. */
const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => 'none',
    (error: unknown) => (error instanceof StoreUnavailable ? error.reason : error),
  );

test('each call that is not answered ends after 50 ms, and leaves no timer', async () => {
  for (const ask of [
    (store: GuardedStore) => store.get('k'),
    (store: GuardedStore) => store.put('k', 'v'),
    (store: GuardedStore) => store.remove('k'),
    (store: GuardedStore) => store.take('k', RATE, 1),
    (store: GuardedStore) => store.lease('k', RATE, 1),
    (store: GuardedStore) => store.lock('k', 1),
    (store: GuardedStore) => store.beat('k', ''),
    (store: GuardedStore) => store.members(),
  ]) {
    const { store } = storeOver(never);
    const reason = reasonOf(ask(store));
    await vi.advanceTimersByTimeAsync(49);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(vi.getTimerCount()).toBe(0);
    expect(await reason).toBe('timeout');
  }
});

test('a store that does not answer is not asked, but once a second, when its connection is made anew', async () => {
  const { store, made, lines } = storeOver(never);
  for (let count = 0; count < 5; count += 1) {
    const reason = reasonOf(store.get('k'));
    await vi.advanceTimersByTimeAsync(50);
    expect(await reason).toBe('timeout');
  }
  expect(store.status).toBe('away');
  expect(await reasonOf(store.get('k'))).toBe('away');
  await vi.advanceTimersByTimeAsync(1_000);
  const all = Promise.all([reasonOf(store.get('k')), reasonOf(store.get('k'))]);
  expect(store.status).toBe('asking');
  await vi.advanceTimersByTimeAsync(50);
  expect(await all).toEqual(['timeout', 'away']);
  expect(made).toMatchObject({ calls: 6, reconnects: 1 });
  expect(lines).toEqual(['the store is away: what is shared by it is used as it was last known']);
});

test('a store with a new connection is asked at once', async () => {
  let answer: () => unknown = never;
  const { store, made, lines } = storeOver(() => answer());
  for (let count = 0; count < 5; count += 1) {
    const failing = reasonOf(store.get('k'));
    await vi.advanceTimersByTimeAsync(50);
    await failing;
  }
  answer = () => undefined;
  expect(await reasonOf(store.get('k'))).toBe('away');
  made.events?.connected();
  expect(await reasonOf(store.get('k'))).toBe('none');
  expect(store.status).toBe('here');
  expect(lines.at(-1)).toBe('the store is back');
});

test('a store is asked for so much at the same time that it can answer in time, and one that is too slow for all is not away', async () => {
  const asked: (() => void)[] = [];
  const { store } = storeOver(() => new Promise<void>((answer) => asked.push(answer)));
  const reasons = Array.from({ length: 1_000 }, () => reasonOf(store.get('k')));
  await vi.advanceTimersByTimeAsync(40);
  expect(asked).toHaveLength(128);
  for (const answer of asked.splice(0)) answer();
  await vi.advanceTimersByTimeAsync(9);
  expect(asked).toHaveLength(128);
  await vi.advanceTimersByTimeAsync(1);
  const became = await Promise.all(reasons);
  expect(became.filter((reason) => reason === 'none')).toHaveLength(128);
  expect(became.filter((reason) => reason === 'busy')).toHaveLength(872);
  expect(store.status).toBe('here');
  // Nobody is before whoever comes later.
  const later = reasonOf(store.get('k'));
  await vi.advanceTimersByTimeAsync(0);
  asked.at(-1)?.();
  expect(await later).toBe('none');
});

test('a pause in which many calls fail is one failure', async () => {
  const { store } = storeOver(never);
  const all = Array.from({ length: 100 }, () => reasonOf(store.get('k')));
  await vi.advanceTimersByTimeAsync(50);
  expect(new Set(await Promise.all(all))).toEqual(new Set(['timeout']));
  expect(store.status).toBe('here');
});

test('a store that answers that it cannot is asked again', async () => {
  const { store, lines } = storeOver(() => Promise.reject(new StoreUnavailable('full', 'no room')));
  for (let count = 0; count < 20; count += 1) expect(await reasonOf(store.put('k', 'v'))).toBe('full');
  expect(store.status).toBe('here');
  expect(lines).toEqual(['the store does not do what is asked']);
});

test('a store that refuses whatever is asked is away, and its connection is made anew', async () => {
  const { store, made, lines } = storeOver(() => Promise.reject(new StoreUnavailable('refused', 'a replica')));
  for (let count = 0; count < 5; count += 1) expect(await reasonOf(store.put('k', 'v'))).toBe('refused');
  expect(store.status).toBe('away');
  expect(lines).toEqual([
    'the store does not do what is asked',
    'the store is away: what is shared by it is used as it was last known',
  ]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await reasonOf(store.get('k'))).toBe('refused');
  expect(made.reconnects).toBe(1);
});

test('whatever a backend throws is an error of the store, and nothing is thrown at once', async () => {
  const { store } = storeOver(() => {
    throw new TypeError('a defect');
  });
  const call = store.get('k');
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ reason: 'refused', message: 'a defect' });
});

test('an error that comes after the deadline is nobody’s', async () => {
  const { store } = storeOver(async () => {
    await new Promise((done) => setTimeout(done, 80));
    throw new Error('too late');
  });
  const reason = reasonOf(store.get('k'));
  await vi.advanceTimersByTimeAsync(100);
  expect(await reason).toBe('timeout');
});

test('whoever waits is told that the store is closed', async () => {
  const { store } = storeOver(never);
  const reason = reasonOf(store.get('k'));
  await store.close();
  expect(await reason).toBe('closed');
  expect(vi.getTimerCount()).toBe(0);
});

test('a change that is not heard of is seen by reading again, and no timer is left when all watches have stopped', async () => {
  let entry: Entry | undefined;
  const { store } = storeOver(() => entry);
  const seen: (string | undefined)[] = [];
  const watch = store.watch('k', (now) => seen.push(now?.value));
  await vi.advanceTimersByTimeAsync(0);
  entry = { value: 'one', revision: 'r' };
  await vi.advanceTimersByTimeAsync(4_999);
  expect(seen).toEqual([undefined]);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen).toEqual([undefined, 'one']);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(seen).toHaveLength(2);
  watch.stop();
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('a value that could not be read at first is read again within a second', async () => {
  const answers = [new StoreUnavailable('disconnected', 'not yet'), new StoreUnavailable('timeout', 'not yet')];
  const { store, made } = storeOver(() => {
    const failure = answers.shift();
    if (failure !== undefined) throw failure;
    return { value: 'v', revision: '1' };
  });
  const seen: (string | undefined)[] = [];
  store.watch('k', (now) => seen.push(now?.value));
  await vi.advanceTimersByTimeAsync(1_000);
  expect([seen, made.calls]).toEqual([['v'], 3]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(made.calls).toBe(3);
  await store.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('changes that are heard of while a value is read lead to one more reading', async () => {
  const answers: (() => void)[] = [];
  const { store, made } = storeOver(() => new Promise<void>((done) => answers.push(done)));
  store.watch('k', () => {});
  await vi.advanceTimersByTimeAsync(0);
  for (let count = 0; count < 10; count += 1) made.events?.changed('k');
  answers[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(made.calls).toBe(2);
  answers[1]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(made.calls).toBe(2);
  await store.close();
});

test('a listener that throws is said, and keeps no other from the change', async () => {
  const { store, lines } = storeOver(() => undefined);
  const seen: unknown[] = [];
  store.watch('k', () => {
    throw new Error('a defect');
  });
  store.watch('k', (entry) => seen.push(entry));
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([undefined]);
  expect(lines).toEqual(['a listener of the store has thrown']);
  await store.close();
});

test('it says since when it is away, what failed, and how many calls were made', async () => {
  vi.setSystemTime(1_000);
  const { store } = storeOver(() => {
    throw new StoreUnavailable('disconnected', 'It burns.');
  });
  for (let count = 0; count < 4; count += 1) await reasonOf(store.get('k'));
  expect(store.calls).toMatchObject({ calls: 4, failures: 4, since: 1_000, lastFailure: 'It burns.' });
  vi.setSystemTime(2_000);
  await reasonOf(store.get('k'));
  await reasonOf(store.get('k'));
  expect(store.status).toBe('away');
  expect(store.calls).toMatchObject({ calls: 5, failures: 5, since: 2_000, latency: undefined });
});

test('a store that comes and goes is said once a minute, and that it stays away is said', async () => {
  let fails = true;
  const { store, lines } = storeOver(() => {
    if (fails) throw new StoreUnavailable('disconnected', 'It burns.');
  });
  const AWAY = 'the store is away: what is shared by it is used as it was last known';
  const turn = async (): Promise<void> => {
    for (let count = 0; count < 5; count += 1) await reasonOf(store.get('k'));
    await vi.advanceTimersByTimeAsync(1_000);
  };
  for (let count = 0; count < 20; count += 1) {
    fails = count % 2 === 0;
    await turn();
  }
  expect(lines).toEqual([AWAY, 'the store is back']);
  fails = true;
  for (let count = 0; count < 60; count += 1) await turn();
  expect(lines).toEqual([AWAY, 'the store is back', AWAY]);
});
