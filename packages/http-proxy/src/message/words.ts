/**
 * Bytes four at a time, for the loops that every byte of a head goes through. A word is read little-endian whatever
 * the machine. Nothing here reads beyond the `stop` it is given.
 */

import { LastView } from '@inband/core';

const read = new LastView();
const written = new LastView();

/** The same memory to be read in words. */
export function wordsOf(bytes: Uint8Array): DataView {
  return read.of(bytes);
}

/** The same memory to be written in words. */
export function wordsTo(bytes: Uint8Array): DataView {
  return written.of(bytes);
}

/** Bytes that are written again and again. */
export class Literal {
  readonly length: number;
  readonly words: DataView;

  constructor(text: string) {
    const bytes = Buffer.from(text, 'latin1');
    this.length = bytes.length;
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  toString(): string {
    const { buffer, byteOffset, byteLength } = this.words;
    return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
  }
}

/** The index, from 0, of the byte in a word that the lowest bit of `mask` belongs to. */
function byteOf(mask: number): number {
  return (31 - Math.clz32(mask & -mask)) >> 3;
}

/** Of each byte of a word that is not SP or visible ASCII the high bit; the lowest one is exact. */
function unusual(word: number): number {
  // The high bit of a byte is set in the first term by DEL, in the second by 0x80 and above, in the third by what is
  // below SP. Only such a byte carries or borrows, and only upwards.
  return ((word + 0x01010101) | word | (word - 0x20202020)) & 0x80808080;
}

/**
 * Where the first byte of `bytes[start..stop)` is that is not SP or visible ASCII (0x20 to 0x7e); or, when there is
 * none in its whole words, where fewer than four bytes are left.
 */
export function skipVisible(words: DataView, start: number, stop: number): number {
  let at = start;
  for (const last = stop - 8; at <= last; at += 8) {
    const first = unusual(words.getInt32(at, true));
    if (first !== 0) return at + byteOf(first);
    const second = unusual(words.getInt32(at + 4, true));
    if (second !== 0) return at + 4 + byteOf(second);
  }
  if (at > stop - 4) return at;
  const mask = unusual(words.getInt32(at, true));
  return at + (mask === 0 ? 4 : byteOf(mask));
}

// The last word of the three below may overlap the one before it. That takes a third less than going on byte by byte.

/** Whether two ranges of `length` bytes are the same. */
export function sameBytes(a: DataView, aStart: number, b: DataView, bStart: number, length: number): boolean {
  const last = length - 4;
  if (last < 0) {
    for (let at = 0; at < length; at += 1) if (a.getUint8(aStart + at) !== b.getUint8(bStart + at)) return false;
    return true;
  }
  for (let at = 0; at < last; at += 4) {
    if (a.getInt32(aStart + at, true) !== b.getInt32(bStart + at, true)) return false;
  }
  return a.getInt32(aStart + last, true) === b.getInt32(bStart + last, true);
}

/** A number from `length` bytes that is the same for the same bytes: 32 bits, well mixed. */
export function hashBytes(words: DataView, start: number, length: number): number {
  const last = length - 4;
  let hash = length;
  if (last < 0) {
    for (let at = 0; at < length; at += 1) hash = Math.imul(hash ^ words.getUint8(start + at), 0x9e3779b1);
    return hash ^ (hash >>> 15);
  }
  for (let at = 0; at < last; at += 4) hash = Math.imul(hash ^ words.getInt32(start + at, true), 0x9e3779b1);
  hash = Math.imul(hash ^ words.getInt32(start + last, true), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

const COLONS = 0x3a3a3a3a;

/** Where the first colon of `bytes[start..stop)` is, or -1 when there is none in its whole words. */
export function findColon(words: DataView, start: number, stop: number): number {
  const last = stop - 4;
  for (let at = start; at <= last; at += 4) {
    const others = words.getInt32(at, true) ^ COLONS;
    // Its lowest bit is exact; those above may be set by the borrow.
    const found = (others - 0x01010101) & ~others & 0x80808080;
    if (found !== 0) return at + byteOf(found);
  }
  return -1;
}
