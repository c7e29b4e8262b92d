import { expect, test } from 'vitest';
import { copyWords, LastView } from './copy-words.ts';

/** Every remainder of words of eight bytes, and lengths without a whole one. */
const LENGTHS = Array.from({ length: 36 }, (_, length) => length);
/** With all values, so that some eight of them are what no number is. */
const BYTES = Uint8Array.from({ length: 64 }, (_, at) => 255 - at);
/** Where the bytes begin, in memory that has others around them. */
const FROM = 7;
const TO = 5;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer);
}

test.each(LENGTHS)('a copy of %i bytes is exact, and changes nothing around it', (length) => {
  const out = new Uint8Array(64).fill(1);
  copyWords(viewOf(out), TO, viewOf(BYTES), FROM, length);
  const expected = new Uint8Array(64).fill(1);
  expected.set(BYTES.subarray(FROM, FROM + length), TO);
  expect(out).toEqual(expected);
});

test.each([
  ['memory', (): Uint8Array => new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }))],
  ['shared memory', (): Uint8Array => new Uint8Array(new SharedArrayBuffer(4, { maxByteLength: 8 }))],
])('what %s has grown by is copied, too', (_name, make) => {
  const views = new LastView();
  const bytes = make();
  expect(views.of(bytes).byteLength).toBe(4);
  const memory = bytes.buffer;
  if (memory instanceof SharedArrayBuffer) memory.grow(8);
  else memory.resize(8);
  bytes.fill(7);
  const out = new Uint8Array(8);
  copyWords(viewOf(out), 0, views.of(bytes), 0, 8);
  expect(out).toEqual(bytes.slice());
});
