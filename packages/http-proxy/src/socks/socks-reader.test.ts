import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyCuts, type Cuts, eachPiece, everywhere, latin1 } from '../../test-support/bytes.ts';
import { LONGEST_MESSAGE, type SocksMessage, SocksReader } from './socks-reader.ts';
import type { SocksVersion } from './socks-version.ts';

/** What a reader finds in `bytes`, and how many of them lie behind it. */
function read(version: SocksVersion, bytes: Buffer, cuts: Cuts = []): { messages: SocksMessage[]; rest: number } {
  const reader = new SocksReader(version);
  const messages: SocksMessage[] = [];
  let taken = 0;
  eachPiece(bytes, cuts, (piece, start, end) => {
    let at = start;
    while (at < end && messages.at(-1)?.kind !== 'request' && messages.at(-1)?.kind !== 'fault') {
      const stop = reader.read(piece, at, end);
      taken += stop - at;
      at = stop;
      if (reader.message !== undefined) messages.push(reader.message);
      if (reader.message?.kind === 'methods') reader.next('request');
    }
    return true;
  });
  return { messages, rest: bytes.length - taken };
}

const GREETING = '\x05\x01\x00';
const methods: SocksMessage = { kind: 'methods', offered: [0] };
const named = (name: string): string => String.fromCharCode(name.length) + name;

test.each([
  ['an IPv4 address', '\x05\x01\x00\x01\xc0\x00\x02\x07\x01\xbb', '192.0.2.7', 443],
  ['a name', `\x05\x01\x00\x03${named('a.example')}\x00\x50`, 'a.example', 80],
  ['a name of 255 bytes', `\x05\x01\x00\x03${named('a'.repeat(255))}\x00\x50`, 'a'.repeat(255), 80],
  ['an IPv6 address', `\x05\x01\x00\x04\x20\x01\x0d\xb8${'\x00'.repeat(11)}\x01\x00\x50`, '2001:db8:0:0:0:0:0:1', 80],
])('a request of SOCKS 5 for %s is read at any cut', (_what, bytes, host, port) => {
  const whole = latin1(`${GREETING}${bytes}early`);
  const expected = { messages: [methods, { kind: 'request', command: 1, host, port }], rest: 5 };
  expect(read(5, whole)).toEqual(expected);
  expect(read(5, whole, everywhere)).toEqual(expected);
});

test.each([
  ['an address', '\x04\x01\x01\xbb\xc0\x00\x02\x07user\x00', '192.0.2.7', 443],
  ['an address, of nobody', '\x04\x01\x01\xbb\xc0\x00\x02\x07\x00', '192.0.2.7', 443],
  ['a name', '\x04\x01\x00\x50\x00\x00\x00\x01user\x00a.example\x00', 'a.example', 80],
  ['the address 0.0.0.0, which announces no name', '\x04\x01\x00\x50\x00\x00\x00\x00\x00', '0.0.0.0', 80],
])('a request of SOCKS 4 for %s is read at any cut', (_what, bytes, host, port) => {
  const whole = latin1(`${bytes}early`);
  const expected = { messages: [{ kind: 'request', command: 1, host, port }], rest: 5 };
  expect(read(4, whole)).toEqual(expected);
  expect(read(4, whole, everywhere)).toEqual(expected);
});

test.each<[string, SocksVersion, string, number]>([
  ['another version in the request', 5, `${GREETING}\x04\x01\x00\x01`, 1],
  ['a type of address that does not exist', 5, `${GREETING}\x05\x01\x00\x02\x00\x00\x00\x00\x00\x00`, 8],
  ['a name without a byte', 5, `${GREETING}\x05\x01\x00\x03\x00\x00\x50`, 1],
  ['a line break in the name', 5, `${GREETING}\x05\x01\x00\x03${named('a\r\nVia: b')}\x00\x50`, 1],
  ['a space in the name', 5, `${GREETING}\x05\x01\x00\x03${named('a b')}\x00\x50`, 1],
  ['a zero in the name', 5, `${GREETING}\x05\x01\x00\x03${named('a\x00b')}\x00\x50`, 1],
  ['a name without a byte in SOCKS 4', 4, '\x04\x01\x00\x50\x00\x00\x00\x01\x00\x00', 1],
  ['a user without an end', 4, `\x04\x01\x00\x50\xc0\x00\x02\x07${'u'.repeat(600)}`, 1],
  ['a name without an end', 4, `\x04\x01\x00\x50\x00\x00\x00\x01\x00${'n'.repeat(600)}`, 1],
])('%s is a fault, whatever the cuts', (_what, version, bytes, reply) => {
  for (const cuts of [[], everywhere] as const) {
    expect(read(version, latin1(bytes), cuts).messages.at(-1)).toMatchObject({ kind: 'fault', reply });
  }
});

test('no byte more is kept than the longest message has', () => {
  const bytes = latin1(`\x04\x01\x00\x50\x00\x00\x00\x01${'u'.repeat(255)}\x00${'n'.repeat(255)}\x00`);
  expect(bytes).toHaveLength(LONGEST_MESSAGE);
  expect(read(4, bytes).messages).toMatchObject([{ kind: 'request', host: 'n'.repeat(255) }]);
});

test('whatever comes, the cuts make no difference, and what is asked for can stand on a line', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 700 }),
    fc.array(fc.constantFrom(0, 1, 3, 4, 5), { maxLength: 30 }),
  );
  fc.assert(
    fc.property(fc.constantFrom<SocksVersion>(4, 5), anyBytes, anyCuts, (version, random, cuts) => {
      const bytes = Buffer.from([version, ...random]);
      const whole = read(version, bytes);
      const last = whole.messages.at(-1);
      // Nothing behind a fault is read any more.
      const { messages, rest } = read(version, bytes, cuts);
      expect(messages).toEqual(whole.messages);
      if (last?.kind !== 'fault') expect(rest).toBe(whole.rest);
      if (last?.kind === 'request') expect(last.host).toMatch(/^[!-~]+$/);
    }),
  );
});
