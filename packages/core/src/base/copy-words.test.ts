import { expect, test } from 'vitest';
import { copyWords } from './copy-words.ts';

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
