import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIp, parseCidr, parseIp } from '../base/ip.ts';
import { embedIpv4, extractIpv4, parseNat64Prefix } from './rfc6052.ts';

/** RFC 6052 section 2.4, tables 2 and 3: the IPv4 address is 192.0.2.33. */
const EXAMPLES = [
  ['2001:db8::/32', '2001:db8:c000:221::'],
  ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
  ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
  ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
  ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100::'],
  ['2001:db8:122:344::/96', '2001:db8:122:344::192.0.2.33'],
  ['64:ff9b::/96', '64:ff9b::192.0.2.33'],
] as const;

const quad = fc.uint8Array({ minLength: 4, maxLength: 4 });
const prefix = fc
  .tuple(fc.constantFrom(32, 40, 48, 56, 64, 96), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([length, random]) => {
    // `::/32` and the like hold the IPv4-mapped addresses, which are IPv4.
    const bytes = random.map((byte, index) => (index === 0 ? 0x20 : index === 8 || index * 8 >= length ? 0 : byte));
    return parseCidr(`${formatIp(bytes)}/${length}`)!;
  });

describe('the examples of RFC 6052 section 2.4', () => {
  test.each(EXAMPLES)('192.0.2.33 in %s is %s', (text, embedded) => {
    const bytes = embedIpv4(parseCidr(text)!, parseIp('192.0.2.33')!);
    expect(bytes).toEqual(parseIp(embedded));
    expect(extractIpv4(parseCidr(text)!, bytes)).toEqual(parseIp('192.0.2.33'));
  });
});

test('what was embedded is extracted, whatever prefix and suffix', () => {
  fc.assert(
    fc.property(prefix, quad, fc.uint8Array({ minLength: 16, maxLength: 16 }), (network, address, noise) => {
      const bytes = embedIpv4(network, address);
      expect(bytes[8]).toBe(0);
      const end = network.prefix / 8 + 4 + (network.prefix <= 64 && network.prefix > 32 ? 1 : 0);
      const noisy = bytes.map((byte, index) => (index >= end && index !== 8 ? noise[index]! : byte));
      expect(extractIpv4(network, noisy)).toEqual(address);
    }),
  );
});

test('an address outside the prefix, or with bits 64 to 71 set, embeds nothing', () => {
  fc.assert(
    fc.property(prefix, quad, fc.nat(), (network, address, bit) => {
      const outside = embedIpv4(network, address);
      const at = bit % network.prefix;
      outside[at >> 3]! ^= 0x80 >> (at & 7);
      expect(extractIpv4(network, outside)).toBeUndefined();
      const marked = embedIpv4(network, address);
      marked[8] = 1 + (bit % 255);
      expect(extractIpv4(network, marked)).toBeUndefined();
    }),
  );
  expect(extractIpv4(parseCidr('64:ff9b::/96')!, parseIp('192.0.2.33')!)).toBeUndefined();
});

describe('a NAT64 prefix', () => {
  test.each([
    ['192.0.2.0/24', /must be IPv6/],
    ['64:ff9b::/95', /length 32, 40, 48, 56, 64 or 96/],
    ['2001:db8::/128', /length 32/],
    ['2001:db8:0:0:100::/96', /bits 64 to 71/],
    ['2001:db8::1/96', /bits set beyond its prefix/],
    ['nonsense', /not an IPv4 or IPv6 address/],
  ])('%s is refused', (text, reason) => expect(parseNat64Prefix(text)).toMatch(reason));

  test('of each length is read', () => {
    for (const [text] of EXAMPLES) expect(parseNat64Prefix(text)).toEqual(parseCidr(text));
  });
});
