import { expect, test, vi } from 'vitest';
import { pseudonym, roomy } from '../../../test-support/heads.ts';
import { eachPiece, everywhere, latin1 } from '../../../test-support/bytes.ts';
import { HeadReader } from './head-reader.ts';
import { ReaderPool } from './reader-pool.ts';
import { RequestHead } from '../head/request-head.ts';

const bytes = latin1('GET /path HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n');

test('a retained head outlives the memory that it was read from, in one piece or many', () => {
  for (const cuts of [[], [0.5], everywhere] as const) {
    const reader = new HeadReader(new RequestHead());
    reader.begin(roomy);
    eachPiece(bytes, cuts, (piece, start, end) => {
      const complete = reader.read(piece, start, end) >= 0;
      if (complete) reader.retain();
      return !complete;
    });
    reader.head.understand({ mode: 'reverse', strict: false, ownPages: false, pseudonym });
    expect([reader.head.url, reader.head.value(1), reader.head.authority?.host]).toEqual(['/path', 'y', 'h']);
  }
});

test('retaining twice is as good as once', () => {
  const reader = new HeadReader(new RequestHead());
  reader.begin(roomy);
  reader.read(bytes, 0, bytes.length);
  reader.retain();
  const { buffer } = reader.head;
  reader.retain();
  expect(reader.head.buffer).toBe(buffer);
});

test('a reader that is used again knows nothing of the last head', () => {
  const pool = new ReaderPool(() => new HeadReader(new RequestHead()));
  const first = pool.take(roomy);
  first.read(bytes, 0, bytes.length);
  pool.give(first);
  const second = pool.take(roomy);
  expect(second).toBe(first);
  expect([second.head.url, second.head.fieldCount, second.head.fault]).toEqual([undefined, 0, undefined]);
  expect(second.read(latin1('\0'), 0, 1)).toBe(-1);
  pool.give(second);
  const third = pool.take(roomy);
  expect(third.head.fault).toBeUndefined();
  expect(third.read(bytes, 0, bytes.length)).toBe(bytes.length);
});

test('two readers in use are not the same', () => {
  const pool = new ReaderPool(() => new HeadReader(new RequestHead()));
  expect(pool.take(roomy)).not.toBe(pool.take(roomy));
});

test('a reader that had to keep a large head gives the memory back, and so does its parser', () => {
  const pool = new ReaderPool(() => new HeadReader(new RequestHead()));
  const reader = pool.take({ ...roomy, bytes: 65_536 });
  const large = latin1(`GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(40_000)}`);
  reader.read(large, 0, large.length);
  expect(reader.capacity).toBe(65_536);
  pool.give(reader);
  expect(reader.capacity).toBe(0);
  expect(reader.head.buffer.length).toBe(0);
});

test('readers that a crowd needed go when it is gone; those that are in use all the time stay', () => {
  vi.useFakeTimers();
  try {
    const pool = new ReaderPool(() => new HeadReader(new RequestHead()));
    const crowd = Array.from({ length: 200 }, () => pool.take(roomy));
    for (const reader of crowd) pool.give(reader);
    expect(pool.free).toBe(200);
    vi.advanceTimersByTime(10_000);
    const some = Array.from({ length: 50 }, () => pool.take(roomy));
    for (const reader of some) pool.give(reader);
    vi.advanceTimersByTime(10_000);
    expect(pool.free).toBe(50);
    vi.advanceTimersByTime(10_000);
    expect(pool.free).toBeLessThan(10);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('a pool that is closed keeps nothing', () => {
  const pool = new ReaderPool(() => new HeadReader(new RequestHead()));
  const [one, other] = [pool.take(roomy), pool.take(roomy)];
  pool.give(one);
  pool.close();
  pool.give(other);
  expect(pool.free).toBe(0);
});
