import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { cidrProblem, embeddedIpv4, formatIp, parseCidr, parseIp } from './ip.ts';

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
/** Mostly zeros, so that runs of zero groups of every length and place occur. */
const sparseBytes = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(255) }), {
    minLength: 16,
    maxLength: 16,
  })
  .map((values) => Uint8Array.from(values));

describe('parseIp', () => {
  test.each([
    ['192.0.2.1', [192, 0, 2, 1]],
    ['0.0.0.0', [0, 0, 0, 0]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['::', Array(16).fill(0)],
    ['::1', [...Array(15).fill(0), 1]],
    ['1::', [0, 1, ...Array(14).fill(0)]],
    ['2001:DB8::8:0', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
    ['64:ff9b::192.0.2.33', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33]],
    ['1:2:3:4:5:6:1.2.3.4', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 2, 3, 4]],
    ['::ffff:10.1.2.3', [10, 1, 2, 3]],
    ['0:0:0:0:0:ffff:0a01:0203', [10, 1, 2, 3]],
  ])('reads the address %s', (text, expected) => {
    expect([...(parseIp(text) ?? [])]).toEqual(expected);
  });

  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.00',
    '256.1.1.1',
    '1.2.3.1000',
    '0x7f.0.0.1',
    '2130706433',
    '127.1',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '1..3.4',
    '1.2.3.',
    '+1.2.3.4',
    '1.2.3.4/32',
    '１.2.3.4',
    ':',
    ':::',
    ':1',
    '1:',
    '1:2',
    '1::2::3',
    '1:::2',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '[::1]',
    'fe80::1%eth0',
    '::1.2.3',
    '::01.2.3.4',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3.4:5',
    '::ffff:256.0.0.1',
  ])('refuses the text "%s"', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test('agrees with node:net on strings made of the characters of addresses', () => {
    const piece = fc.constantFrom(
      '::',
      ':',
      '.',
      '0',
      '1',
      '25',
      '255',
      '256',
      '007',
      'ffff',
      'Ab',
      '12345',
      '1.2.3.4',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join('')),
      fc.ipV4(),
      fc.ipV4Extended(),
      fc.ipV6(),
      fc
        .tuple(fc.ipV6(), fc.nat(45), fc.constantFrom(':', '.', '0', 'f', ''))
        .map(([address, at, insert]) => address.slice(0, at) + insert + address.slice(at + 1)),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        expect(parseIp(candidate) !== undefined).toBe(isIP(candidate) !== 0);
      }),
      { numRuns: runs(3000) },
    );
  });
});

describe('formatIp', () => {
  test.each([
    ['2001:0db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['ABCD::', 'abcd::'],
    ['127.0.0.1', '127.0.0.1'],
  ])('writes %s as %s', (text, canonical) => {
    expect(formatIp(parseIp(text)!)).toBe(canonical);
  });

  test('is read back as the same bytes', () => {
    fc.assert(
      fc.property(fc.oneof(bytesOf(4), bytesOf(16), sparseBytes), (address) => {
        const back = parseIp(formatIp(address))!;
        expect([...back]).toEqual([
          ...(formatIp(address).startsWith('::ffff:') && back.length === 4 ? address.slice(12) : address),
        ]);
      }),
    );
  });

  test('writes an IPv4-mapped address in dotted decimal', () => {
    expect(formatIp(Uint8Array.from([...Array(10).fill(0), 255, 255, 1, 2, 3, 4]))).toBe('::ffff:1.2.3.4');
  });

  test('refuses any other number of bytes', () => {
    expect(() => formatIp(new Uint8Array(5))).toThrow(RangeError);
  });
});

describe('parseCidr', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['192.0.2.0/25', '192.0.2.0/25'],
    ['::1', '::1/128'],
    ['2001:DB8:0::/33', '2001:db8::/33'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:10.0.0.1', '10.0.0.1/32'],
  ])('reads %s as %s', (text, canonical) => {
    expect(parseCidr(text)?.text).toBe(canonical);
    expect(cidrProblem(text)).toBeUndefined();
  });

  test.each([
    ['10.0.0.1/8', /the network is 10\.0\.0\.0\/8/],
    ['2001:db8::1/64', /the network is 2001:db8::\/64/],
    ['10.0.0.0/33', /0 to 32/],
    ['10.0.0.0/08', /0 to 32/],
    ['10.0.0.0/', /0 to 32/],
    ['10.0.0.0/+8', /0 to 32/],
    ['::/129', /0 to 128/],
    ['::ffff:0.0.0.0/95', /96 to 128/],
    ['example.com/8', /"example.com" is not an IPv4 or IPv6 address/],
  ])('refuses %s and says why', (text, why) => {
    expect(parseCidr(text)).toBeUndefined();
    expect(cidrProblem(text)).toMatch(why);
  });

  test('keeps exactly the bits of the prefix', () => {
    fc.assert(
      fc.property(fc.oneof(bytesOf(4), bytesOf(16)), fc.nat(128), (address, wanted) => {
        const bits = [...address].map((byte) => byte.toString(2).padStart(8, '0')).join('');
        const prefix = wanted % (bits.length + 1);
        const clean = !bits.slice(prefix).includes('1');
        fc.pre(!formatIp(address).startsWith('::ffff:'));
        expect(parseCidr(`${formatIp(address)}/${prefix}`) !== undefined).toBe(clean);
      }),
    );
  });
});

describe('embeddedIpv4', () => {
  test.each([
    ['::10.0.0.1', ['10.0.0.1']],
    ['::ffff:0:10.0.0.1', ['10.0.0.1']],
    ['64:ff9b::10.0.0.1', ['10.0.0.1']],
    ['64:ff9b:1::10.0.0.1', ['10.0.0.1']],
    ['64:ff9b:1:abcd:12:3456:10.0.0.1', ['10.0.0.1']],
    ['64:ff9b:1:0:7f:0:100::', ['1.0.0.0', '127.0.0.1']],
    ['2002:a00:1::1', ['10.0.0.1']],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', ['65.54.227.120', '192.0.2.45']],
    ['2001:db8::5efe:10.0.0.1', ['10.0.0.1']],
    ['2001:db8::200:5efe:10.0.0.1', ['10.0.0.1']],
    ['::', []],
    ['::1', []],
    ['2001:db8::1', []],
    ['64:ff9b:2::10.0.0.1', []],
  ])('of %s is %j', (text, expected) => {
    expect(embeddedIpv4(parseIp(text)!).map(({ bytes }) => formatIp(bytes))).toEqual(expected);
  });

  test('of the bytes of an IPv4-mapped address is the mapped address', () => {
    expect(
      embeddedIpv4(Uint8Array.from([...Array(10).fill(0), 255, 255, 1, 2, 3, 4])).map(({ bytes }) => formatIp(bytes)),
    ).toEqual(['1.2.3.4']);
  });

  test.each([
    ['2002:a00:1::1', [16]],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', [32, 96]],
    ['64:ff9b::10.0.0.1', [96]],
    ['64:ff9b:1:0:7f:0:100::', [96, 72]],
  ])('of %s stands after bits %j', (text, expected) => {
    expect(embeddedIpv4(parseIp(text)!).map(({ offset }) => offset)).toEqual(expected);
  });

  test('of an IPv4 address is nothing', () => {
    expect(embeddedIpv4(parseIp('10.0.0.1')!)).toEqual([]);
  });
});
