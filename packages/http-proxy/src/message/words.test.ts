import { expect, test } from 'vitest';
import { hashBytes, sameBytes } from './words.ts';

/** Every remainder of words of four bytes, and lengths without a whole word. */
const LENGTHS = Array.from({ length: 20 }, (_, length) => length);
const TEXT = Uint8Array.from({ length: 64 }, (_, at) => at + 100);
/** Where the bytes begin, in memory that has others around them. */
const FROM = 7;
const TO = 5;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer);
}

test.each(LENGTHS)('each of %i bytes counts when they are compared, and those around them do not', (length) => {
  const other = new Uint8Array(64);
  other.set(TEXT.subarray(FROM, FROM + length), TO);
  const same = (): boolean => sameBytes(viewOf(TEXT), FROM, viewOf(other), TO, length);
  expect(same()).toBe(true);
  for (let at = TO; at < TO + length; at += 1) {
    other[at]! ^= 0x20;
    expect(same()).toBe(false);
    other[at]! ^= 0x20;
  }
});

test.each(LENGTHS)(
  'the hash of %i bytes is that of the same bytes elsewhere, and another one if any of them differs',
  (length) => {
    const other = new Uint8Array(64);
    other.set(TEXT.subarray(FROM, FROM + length), TO);
    const hash = hashBytes(viewOf(TEXT), FROM, length);
    expect(hashBytes(viewOf(other), TO, length)).toBe(hash);
    for (let at = TO; at < TO + length; at += 1) {
      other[at]! ^= 0x20;
      expect(hashBytes(viewOf(other), TO, length)).not.toBe(hash);
      other[at]! ^= 0x20;
    }
  },
);
