import { expect, test } from 'vitest';
import { ownMemory } from '../../shared-memory/memory.ts';
import { SEGMENT_LENGTH } from '../../shared-memory/series-format.ts';
import { SeriesReader } from '../../shared-memory/series-reader.ts';
import { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { KeyTable, rowsOf } from '../key-table.ts';
import { TopKeys, topOf } from '../top-keys.ts';
import { RecentKeys, WINDOW } from './recent-keys.ts';

test('the keys that occur most are there in bounded memory, with an upper bound of their counts', () => {
  const top = new TopKeys(50);
  const real = new Map<string, number>();
  let most = 0;
  for (let round = 0; round < 20_000; round += 1) {
    // Three frequent ones, among others of which each occurs a few times.
    const key = round % 4 === 0 ? `rare ${(round * 7919) % 6_000}` : `frequent ${round % 3}`;
    top.add(key, 10);
    real.set(key, (real.get(key) ?? 0) + 1);
    most = Math.max(most, top.size);
  }
  expect(most).toBe(50);
  const shown = top.top(3);
  expect(shown.map(({ key }) => key).toSorted()).toEqual(['frequent 0', 'frequent 1', 'frequent 2']);
  for (const { key, requests, bytes } of shown) {
    expect(requests).toBeGreaterThanOrEqual(real.get(key) ?? Infinity);
    expect(bytes).toBe(requests * 10);
  }
});

test('a key that comes back never has less than before', () => {
  const top = new TopKeys(2);
  top.add('a', 1);
  top.add('b', 1);
  top.add('b', 1);
  const before = top.top(2).find(({ key }) => key === 'a')?.requests ?? 0;
  top.add('c', 1);
  top.add('b', 1);
  top.add('a', 1);
  expect(top.top(2).find(({ key }) => key === 'a')?.requests).toBeGreaterThan(before);
});

test('lists of several processes are added up', () => {
  const [one, other] = [
    { key: 'a', requests: 2, bytes: 1 },
    { key: 'b', requests: 3, bytes: 1 },
  ];
  expect(topOf([one, other, { ...one, requests: 5 }], 1)).toEqual([{ key: 'a', requests: 7, bytes: 2 }]);
});

test('recent keys are those of the last window and the one before', () => {
  const recent = new RecentKeys(10, 0);
  recent.add('old', 1);
  expect(recent.top(5, 1)).toMatchObject([{ key: 'old' }]);
  expect(recent.top(5, WINDOW)).toMatchObject([{ key: 'old', requests: 1 }]);
  recent.add('new', 1);
  expect(recent.top(5, WINDOW + 1).map(({ key }) => key)).toEqual(['new', 'old']);
  expect(recent.top(5, 2 * WINDOW).map(({ key }) => key)).toEqual(['new']);
  expect(recent.top(5, 4 * WINDOW)).toEqual([]);
});

test('a table in memory shows what was written last, with keys of any characters and of at most 256 bytes', () => {
  const buffer = new SharedArrayBuffer(SEGMENT_LENGTH);
  const writer = new SeriesWriter(ownMemory(buffer), { pid: 1, startedAt: 0 });
  const table = new KeyTable(writer, 'top', 2);
  const reader = new SeriesReader({ kind: 'own', buffer });
  const shown = () => rowsOf(reader.read()[0]?.series[0]?.values ?? new Float64Array(3));
  expect(shown()).toEqual([]);
  const counts = [
    { key: 'grün.example', requests: 2, bytes: 3 },
    { key: '', requests: 1, bytes: 0 },
    { key: 'no row', requests: 0, bytes: 0 },
  ];
  table.write(counts);
  expect(shown()).toEqual(counts.slice(0, 2));
  table.write([{ key: 'x'.repeat(300), requests: 9, bytes: 9 }]);
  expect(shown()).toEqual([{ key: 'x'.repeat(256), requests: 9, bytes: 9 }]);
  expect(new KeyTable(writer, 'top', 2).read()).toEqual(shown());
});
