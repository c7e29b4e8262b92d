import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { latin1 } from '../../test-support/bytes.ts';
import {
  copyBytes,
  equalsLower,
  FIELD_VALUE,
  HEX,
  LOWER,
  parseLength,
  sameIgnoringCase,
  TOKEN,
  writeDecimal,
} from './bytes.ts';

const length = (text: string): number => parseLength(latin1(text), 0, text.length);

test('a length is digits, up to 2^53-1', () => {
  for (const [text, value] of [
    ['0', 0],
    ['00', 0],
    ['0123', 123],
    ['9007199254740991', 2 ** 53 - 1],
  ] as const)
    expect(length(text)).toBe(value);
  for (const text of [
    '',
    ' 1',
    '1 ',
    '+1',
    '-1',
    '1.',
    '1e3',
    '0x1',
    '\xb2',
    '9007199254740992',
    '9007199254740993',
    '10000000000000000000000',
  ])
    expect(length(text)).toBe(-1);
  fc.assert(fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => length(String(value)) === value));
});

test('numbers are written as they are read', () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
      const out = Buffer.alloc(24, 0x2e);
      const end = writeDecimal(out, 3, value);
      expect(out.toString('latin1')).toBe(`...${value}`.padEnd(24, '.'));
      expect(end).toBe(3 + String(value).length);
    }),
  );
});

test('classes hold exactly their bytes', () => {
  for (let byte = 0; byte < 256; byte++) {
    const c = String.fromCharCode(byte);
    expect(TOKEN[byte] !== 0).toBe(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(c));
    expect(FIELD_VALUE[byte] === 1).toBe(byte === 9 || (byte >= 0x20 && byte !== 0x7f));
    expect(HEX[byte]).toBe(/^[0-9a-fA-F]$/.test(c) ? Number.parseInt(c, 16) : 255);
    expect(LOWER[byte]).toBe(c >= 'A' && c <= 'Z' ? byte + 32 : byte);
  }
});

test('comparing folds ASCII only', () => {
  expect(equalsLower(latin1('xABC-x'), 1, 5, latin1('abc-'))).toBe(true);
  expect(equalsLower(latin1('K'), 0, 1, latin1('k'))).toBe(true);
  expect(equalsLower(latin1('\xc9'), 0, 1, latin1('\xe9'))).toBe(false);
  expect(sameIgnoringCase(latin1('aBc'), 0, 3, latin1('xAbC'), 1, 4)).toBe(true);
  expect(sameIgnoringCase(latin1('a[c'), 0, 3, latin1('a{c'), 0, 3)).toBe(false);
});

test('copies short and long ranges', () => {
  for (const size of [0, 1, 24, 25, 100]) {
    const out = Buffer.alloc(200);
    const from = Buffer.from(Array.from({ length: 110 }, (_, index) => index));
    expect(copyBytes(out, 7, from, 5, 5 + size)).toBe(7 + size);
    expect(out.subarray(7, 7 + size)).toEqual(from.subarray(5, 5 + size));
    expect(out[7 + size]).toBe(0);
  }
});
