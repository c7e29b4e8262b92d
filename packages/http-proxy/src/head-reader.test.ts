import { expect, test } from 'vitest';
import { pseudonym, roomy } from '../test-support/heads.ts';
import { eachPiece, everywhere, latin1 } from '../test-support/octets.ts';
import { HeadReader, ReaderPool } from './head-reader.ts';
import { RequestHead } from './request-head.ts';

const octets = latin1('GET /path HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n');

test('a retained head outlives the memory that it was read from, in one piece or many', () => {
  for (const cuts of [[], [0.5], everywhere] as const) {
    const reader = new HeadReader(new RequestHead());
    reader.begin(roomy);
    eachPiece(octets, cuts, (piece, start, end) => {
      const complete = reader.read(piece, start, end) >= 0;
      if (complete) reader.retain();
      return !complete;
    });
    reader.head.understand({ mode: 'reverse', strict: false, pseudonym });
    expect([reader.head.url, reader.head.value(1), reader.head.authority?.host]).toEqual(['/path', 'y', 'h']);
  }
});

test('retaining twice is as good as once', () => {
  const reader = new HeadReader(new RequestHead());
  reader.begin(roomy);
  reader.read(octets, 0, octets.length);
  reader.retain();
  const { buffer } = reader.head;
  reader.retain();
  expect(reader.head.buffer).toBe(buffer);
});

test('a reader that is used again knows nothing of the last head', () => {
  const pool = new ReaderPool(() => new HeadReader(new RequestHead()));
  const first = pool.take(roomy);
  first.read(octets, 0, octets.length);
  pool.give(first);
  const second = pool.take(roomy);
  expect(second).toBe(first);
  expect([second.head.url, second.head.fieldCount, second.head.fault]).toEqual([undefined, 0, undefined]);
  expect(second.read(latin1('\0'), 0, 1)).toBe(-1);
  pool.give(second);
  const third = pool.take(roomy);
  expect(third.head.fault).toBeUndefined();
  expect(third.read(octets, 0, octets.length)).toBe(octets.length);
});

test('two readers in use are not the same', () => {
  const pool = new ReaderPool(() => new HeadReader(new RequestHead()));
  expect(pool.take(roomy)).not.toBe(pool.take(roomy));
});
