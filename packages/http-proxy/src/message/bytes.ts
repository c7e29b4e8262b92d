/**
 * Classes and comparisons over bytes. Nothing here uses Unicode, so there is no case folding beyond ASCII, no trimming, and no number
 * parsing that accepts more than digits.
 */

import { copyWords, FEW_BYTES } from '@inband/core';
import { wordsOf, wordsTo, type Literal } from './words.ts';

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
export const COMMA = 0x2c;

function classOf(...members: (string | readonly [number, number])[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const member of members) {
    if (typeof member === 'string') for (const c of member) table[c.charCodeAt(0)] = 1;
    else table.fill(1, member[0], member[1] + 1);
  }
  return table;
}

const DIGITS = '0123456789';
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * RFC 9110 section 5.6.2. Not zero: may stand in a token; {@link LOOKALIKE} for what is neither letter nor digit nor "-".
 */
export const TOKEN = classOf(DIGITS, LETTERS, '-');
/**
 * What servers that keep fields as CGI variables cannot tell from "-": "_" with all of them, any such byte with some
 * (lighttpd). Field names watch for it.
 */
export const LOOKALIKE = 2;
for (const c of "!#$%&'*+.^_`|~") TOKEN[c.charCodeAt(0)] = LOOKALIKE;

const DASH = 0x2d;

/** Whether it is "-", or what some servers cannot tell from it. */
export function isLikeDash(byte: number): boolean {
  return byte === DASH || TOKEN[byte] === LOOKALIKE;
}

/** What may stand in a field value: HTAB, SP, VCHAR, obs-text (RFC 9110 section 5.5). */
export const FIELD_VALUE = classOf('\t', [0x20, 0x7e], [0x80, 0xff]);

/** What may stand in a request line: everything but controls. For the reason phrase see FIELD_VALUE. */
export const REQUEST_LINE = classOf([0x20, 0x7e], [0x80, 0xff]);
/** The same where `http.strict` is set: all of it is ASCII. */
export const STRICT_REQUEST_LINE = classOf([0x20, 0x7e]);

/**
 * Not zero: passes in a path or query. Everything but controls, SP, and "#", with which a fragment would begin.
 * {@link RAW} for what is not ASCII.
 */
export const TARGET = classOf([0x21, 0x22], [0x24, 0x7e]);
export const RAW = 2;
TARGET.fill(RAW, 0x80);

/** Of a path where `http.strict` is set: pchar and "/" (RFC 3986 section 3.3). "%" is checked for its digits separately. */
export const PATH = classOf(DIGITS, LETTERS, "-._~!$&'()*+,;=:@%/");

/** Of a query where `http.strict` is set: RFC 3986, and what the "special-query" set of the URL standard leaves alone. */
export const QUERY = classOf(DIGITS, LETTERS, "-._~!$&'()*+,;=:@%/?", '[]{}|\\^`');

/** Value of a hexadecimal digit, or 255. */
export const HEX = new Uint8Array(256).fill(255);
for (let i = 0; i < 16; i++) {
  HEX['0123456789abcdef'.charCodeAt(i)] = i;
  HEX['0123456789ABCDEF'.charCodeAt(i)] = i;
}

/** Lower case for ASCII letters, everything else as it is. */
export const LOWER = new Uint8Array(256);
for (let i = 0; i < 256; i++) LOWER[i] = i >= 0x41 && i <= 0x5a ? i + 0x20 : i;

/** `text` must be lower case. */
export function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Whether `bytes[start..end)` is `lower` (already lower case) without regard to ASCII case. */
export function equalsLower(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  const length = end - start;
  if (length !== lower.length) return false;
  for (let i = 0; i < length; i++) if (LOWER[bytes[start + i]!] !== lower[i]) return false;
  return true;
}

/** Whether two ranges hold the same bytes without regard to ASCII case. */
export function sameIgnoringCase(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart;
  if (length !== bEnd - bStart) return false;
  for (let i = 0; i < length; i++) if (LOWER[a[aStart + i]!] !== LOWER[b[bStart + i]!]) return false;
  return true;
}

/**
 * Reads a length in decimal. It has only digits, may have leading zeros, and is at most 2^53-1. Returns -1 for anything else.
 */
export function parseLength(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

/** Writes `value` (a whole number from 0) in decimal. Returns the position after it. */
export function writeDecimal(out: Uint8Array, at: number, value: number): number {
  if (value < 2 ** 31) return writeSmallDecimal(out, at, value | 0);
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    out[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}

/** The same with whole numbers of 32 bits, which divide much faster. */
function writeSmallDecimal(out: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) end += 1;
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    out[i] = 0x30 + rest - next * 10;
    rest = next;
  }
  return end;
}

/** Copies `from[start..end)` to `out[at..)`, which is other memory. Returns the position after it. */
export function copyBytes(out: Buffer, at: number, from: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length > FEW_BYTES) from.copy(out, at, start, end);
  else copyWords(wordsTo(out), at, wordsOf(from), start, length);
  return at + length;
}

/** Copies all of `text`. Returns the position after it. */
export function copyLiteral(out: Buffer, at: number, text: Literal): number {
  copyWords(wordsTo(out), at, text.words, 0, text.length);
  return at + text.length;
}
