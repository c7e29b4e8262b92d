import { expect, test } from 'vitest';
import { keepingLogger } from '../../test-support/keeping-logger.ts';
import { suite } from '../../test-support/suite.ts';
import { openStore, type Store } from '../index.ts';
import { CountedTable } from './counted-table.ts';
import { Expiring } from './expiring.ts';

const { logger } = keepingLogger();
const byKey = new Map<string, Promise<Store>>();

suite({
  hasServer: false,
  runs: 100,
  // One store for all who have the same key: there is no other way to share memory.
  open: ({ key, memberTtl, now }) => {
    const opening = openStore({
      type: 'memory',
      logger,
      ...(memberTtl !== undefined && { memberTtl }),
      ...(now !== undefined && { clock: () => now() / 1_000 }),
    });
    byKey.set(key, byKey.get(key) ?? opening);
    return byKey.get(key)!;
  },
});

test('the injected clock decides what is over', async () => {
  let now = 1_000;
  const store = await openStore({ type: 'memory', logger, clock: () => now });
  await store.put('k', 'v', { ttl: 500 });
  const lock = await store.lock('l', 500);
  await store.beat('m', '');
  now += 499;
  expect(await store.get('k')).toBeDefined();
  expect(await store.lock('l', 1)).toBeUndefined();
  now += 1;
  expect(await store.get('k')).toBeUndefined();
  expect(await lock?.renew(1)).toBe(false);
  now += 29_500;
  expect(await store.members()).toEqual([]);
  await store.close();
});

test('memory is bounded: what is over makes room, and what is not stays', () => {
  let now = 0;
  const all = new Expiring<number>(() => now, 2);
  all.set('a', 1);
  all.set('b', 2, 10);
  expect(() => all.set('c', 3)).toThrow(expect.objectContaining({ reason: 'full' }));
  all.set('a', 4);
  now = 10;
  all.set('c', 3);
  expect(all.all()).toEqual([
    ['a', 4],
    ['c', 3],
  ]);
});

test('a table that is full drops the one that counts least, and those that count nothing before', () => {
  const table = new CountedTable<number>({ most: 3, weightOf: (value) => value });
  for (const [key, value] of [
    ['a', 5],
    ['b', 0],
    ['c', 7],
    ['d', 9],
  ] as const)
    table.set(key, value);
  expect(['a', 'b', 'c', 'd'].map((key) => table.get(key))).toEqual([5, undefined, 7, 9]);
  table.set('e', 1);
  expect(['a', 'c', 'd', 'e'].map((key) => table.get(key))).toEqual([undefined, 7, 9, 1]);
  table.set('e', 2);
  table.delete('c');
  expect(table.size).toBe(2);
});
