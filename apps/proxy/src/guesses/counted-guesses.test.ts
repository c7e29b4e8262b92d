import { openStore, type Store, StoreUnavailable } from '@inband/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CountedGuesses } from './counted-guesses.ts';
import { SupervisedGuesses } from './supervised-guesses.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
let store: Store;

beforeEach(async () => {
  store = await openStore({ type: 'memory', logger, clock: () => 1_000_000 });
});
afterEach(() => store.close());

const wrong = (guesses: CountedGuesses | SupervisedGuesses): Promise<number> =>
  new Promise((resolve) => guesses.wrong('ann', resolve));

/** Resolves when the store has forgotten what it is told to. */
async function forgotten(right: () => void): Promise<void> {
  const count = vi.spyOn(store, 'count');
  right();
  await vi.waitFor(() => expect(count.mock.calls.some(([, { used }]) => used < 0)).toBe(true));
}

test('guesses at several members are counted together, until one is right', async () => {
  const [one, two] = [new CountedGuesses(store, undefined), new CountedGuesses(store, undefined)];
  expect([await wrong(one), await wrong(two), await wrong(one)]).toEqual([1, 2, 3]);
  await forgotten(() => one.right('ann'));
  expect(await wrong(two)).toBe(1);
});

test('while the store is away nothing is learned, and nobody waits', async () => {
  vi.spyOn(store, 'count').mockRejectedValue(new StoreUnavailable('away', 'away'));
  const guesses = new CountedGuesses(store, undefined);
  const learned = vi.fn<(count: number) => void>();
  guesses.wrong('ann', learned);
  guesses.right('ann');
  expect(await guesses.countOnce('admin 192.0.2.1', 60_000)).toBeUndefined();
  expect(learned).not.toHaveBeenCalled();
});

test('at most 64 questions wait for the store', async () => {
  const { promise, resolve } = Promise.withResolvers<never>();
  const count = vi.spyOn(store, 'count').mockReturnValue(promise);
  const guesses = new CountedGuesses(store, undefined);
  for (let index = 0; index < 100; index += 1) guesses.wrong('ann', () => undefined);
  expect(count).toHaveBeenCalledTimes(64);
  resolve(undefined as never);
});

test('with a key, names in the store cannot be found out by trying', async () => {
  const count = vi.spyOn(store, 'count');
  const key = new Uint8Array(32).fill(7);
  await wrong(new CountedGuesses(store, undefined));
  await wrong(new CountedGuesses(store, key));
  const [[plain] = [''], [keyed] = ['']] = count.mock.calls;
  expect(keyed).toMatch(/^logins\/[\w-]{43}$/);
  expect(keyed).not.toBe(plain);
});

test('a worker learns what its supervisor has counted', async () => {
  const guesses = new CountedGuesses(store, undefined);
  await wrong(guesses);
  const worker: SupervisedGuesses = new SupervisedGuesses(({ guess, name, isRight }) => {
    if (isRight) guesses.right(name);
    else guesses.wrong(name, (count) => worker.counted(guess, count));
  });
  expect(await wrong(worker)).toBe(2);
  await forgotten(() => worker.right('ann'));
  expect(await wrong(worker)).toBe(1);
});
