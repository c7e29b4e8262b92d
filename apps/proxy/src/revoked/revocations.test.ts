import { MOST_VALUE_BYTES, openStore, type Store, StoreUnavailable } from '@inband/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Revocations } from './revocations.ts';
import { mergeRevoked, MOST_REVOKED, MOST_REVOKED_BYTES, type Revoked } from './revoked.ts';
import { RevokedSet } from './revoked-set.ts';
import { StoredRevoked } from './stored-revoked.ts';

const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const PATIENCE = { timeout: 10_000, interval: 5 };
const NAME = 'jti:one';
const soon = (): number => Date.now() + 60_000;

let store: Store;
let isAway: boolean;
let all: Revocations[];

beforeEach(async () => {
  isAway = false;
  all = [];
  store = await openStore({ type: 'memory', logger });
  const put = store.put.bind(store);
  vi.spyOn(store, 'put').mockImplementation(async (key, value, options) => {
    if (isAway) throw new StoreUnavailable('away', 'away');
    return put(key, value, options);
  });
});

afterEach(async () => {
  for (const each of all) each.close();
  await store.close();
});

function member(shared = true): { revocations: Revocations; set: RevokedSet } {
  const set = new RevokedSet();
  const revocations = new Revocations({ logger, tell: (revoked) => set.take(revoked) });
  if (shared) revocations.share(new StoredRevoked(store));
  all.push(revocations);
  return { revocations, set };
}

test('without a store a token is revoked here', async () => {
  const { revocations, set } = member(false);
  expect(await revocations.revoke({ name: NAME, until: soon(), by: 'ann' })).toBe('here');
  expect([set.has(NAME), set.has('jti:other'), set.isEmpty]).toEqual([true, false, false]);
  expect(await revocations.restore(NAME, 'ann')).toBe('here');
  expect([set.has(NAME), set.isEmpty]).toEqual([false, true]);
  expect(await revocations.restore(NAME, 'ann')).toBeUndefined();
});

test('a token that is revoked at one member is refused at all, until that is taken back at any', async () => {
  const [one, two] = [member(), member()];
  const { version } = two.set;
  expect(await one.revocations.revoke({ name: NAME, until: soon(), by: 'ann' })).toBe('shared');
  await vi.waitFor(() => expect(two.set.has(NAME)).toBe(true), PATIENCE);
  expect(two.set.version).not.toBe(version);
  const later = member();
  await vi.waitFor(() => expect(later.set.has(NAME)).toBe(true), PATIENCE);
  expect(await two.revocations.restore(NAME, 'bob')).toBe('shared');
  await vi.waitFor(() => expect(one.set.has(NAME)).toBe(false), PATIENCE);
  expect(await one.revocations.revoke({ name: NAME, until: soon(), by: 'ann' })).toBe('shared');
  await vi.waitFor(() => expect(two.set.has(NAME)).toBe(true), PATIENCE);
});

test('what is revoked while the store is away is in force here at once, and elsewhere when it is back', async () => {
  const [one, two] = [member(), member()];
  isAway = true;
  expect(await one.revocations.revoke({ name: NAME, until: soon(), by: 'ann' })).toBe('here');
  expect([one.set.has(NAME), two.set.has(NAME)]).toEqual([true, false]);
  isAway = false;
  await vi.waitFor(() => expect(two.set.has(NAME)).toBe(true), PATIENCE);
});

test('a store that was wiped, or has old data, takes nothing back', async () => {
  const [one, two] = [member(), member()];
  await one.revocations.revoke({ name: NAME, until: soon(), by: 'ann' });
  const old = (await store.get('revoked'))?.value ?? '';
  await one.revocations.restore(NAME, 'ann');
  await one.revocations.revoke({ name: 'jti:two', until: soon(), by: 'ann' });
  await vi.waitFor(() => expect(two.set.has('jti:two')).toBe(true), PATIENCE);
  await store.remove('revoked');
  await vi.waitFor(async () => expect((await store.get('revoked'))?.value).toContain('jti:two'), PATIENCE);
  await store.put('revoked', old);
  await vi.waitFor(async () => expect((await store.get('revoked'))?.value).toContain('jti:two'), PATIENCE);
  expect([one.set.has(NAME), two.set.has(NAME), one.set.has('jti:two')]).toEqual([false, false, true]);
});

test('several members that revoke at the same time lose nothing', async () => {
  const members = Array.from({ length: 4 }, () => member());
  const names = members.map((_, index) => `jti:${index}`);
  await Promise.all(
    members.map(({ revocations }, index) => revocations.revoke({ name: `jti:${index}`, until: soon(), by: 'ann' })),
  );
  await vi.waitFor(() => {
    for (const { set } of members) expect(names.every((name) => set.has(name))).toBe(true);
  }, PATIENCE);
});

test('a token is forgotten when it has expired, and there are so many and no more', async () => {
  const { revocations, set } = member(false);
  await revocations.revoke({ name: NAME, until: Date.now() - 1, by: 'ann' });
  expect([set.has(NAME), revocations.all]).toEqual([false, []]);
  const revoked = (index: number): Revoked => {
    return { name: `jti:${index}`, until: index, by: '', at: 0, change: 1, isRestored: false };
  };
  const many = Array.from({ length: MOST_REVOKED }, (_, index) => revoked(index + 1));
  const merged = mergeRevoked(many, [revoked(MOST_REVOKED + 1)]);
  expect(merged).toHaveLength(MOST_REVOKED);
  expect(merged).not.toContainEqual(revoked(1));
});

test('a list of another form is not overwritten', async () => {
  await store.put('revoked', 'something else');
  const { revocations, set } = member();
  expect(await revocations.revoke({ name: NAME, until: soon(), by: 'ann' })).toBe('here');
  expect(set.has(NAME)).toBe(true);
  expect((await store.get('revoked'))?.value).toBe('something else');
});

test('however long their names are, the store takes all that are known', async () => {
  const revoked = (index: number): Revoked => {
    const name = `jti:${String(index).padStart(128, '0')}`;
    return {
      name,
      until: soon() + index,
      by: 'the operator of a realm with a long name',
      at: 0,
      change: 1,
      isRestored: false,
    };
  };
  const some = mergeRevoked(
    Array.from({ length: MOST_REVOKED }, (_, index) => revoked(index)),
    [],
  );
  expect(some.length).toBeLessThan(MOST_REVOKED);
  await store.put('revoked', JSON.stringify(some));
  const { revocations } = member();
  await vi.waitFor(() => expect(revocations.all).toHaveLength(some.length), PATIENCE);
  expect(await revocations.revoke({ name: revoked(MOST_REVOKED).name, until: soon(), by: 'ann' })).toBe('full');
});

test.each([{ until: 1e308 }, { at: -1 }, { change: Number.MAX_SAFE_INTEGER }])(
  'a list that holds %j, which cannot be told or changed again, is none',
  async (wrong) => {
    const { revocations, set } = member();
    await store.put('revoked', JSON.stringify([{ name: NAME, until: soon(), ...wrong }]));
    await vi.waitFor(() => expect(logger.error).toHaveBeenCalled(), PATIENCE);
    expect([set.has(NAME), revocations.all]).toEqual([false, []]);
  },
);

test('all revoked tokens fit into a value of the store', () => {
  expect(MOST_REVOKED_BYTES + '[]'.length).toBe(MOST_VALUE_BYTES);
});
