import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIp, parseCidr, parseIp } from '../base/ip.ts';
import { addressAt, numberFor, overlap, sizeOf, withHostBits } from './address-block.ts';

const cidr = (text: string) => parseCidr(text)!;
const move = (network: string, address: string): string => formatIp(withHostBits(cidr(network), parseIp(address)!));

test('an address moves to another network with its host bits', () => {
  expect(move('192.168.7.0/24', '203.0.113.9')).toBe('192.168.7.9');
  expect(move('10.0.0.0/9', '203.227.113.9')).toBe('10.99.113.9');
  expect(move('10.1.2.3/32', '203.0.113.9')).toBe('10.1.2.3');
  expect(move('fd00:7::/64', '2001:db8::a:9')).toBe('fd00:7::a:9');
  expect(move('0.0.0.0/0', '203.0.113.9')).toBe('203.0.113.9');
});

test('moving there and back gives the same address, and different ones stay different', () => {
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(fc.nat(128), bytes, bytes, bytes, (prefix, there, here, host) => {
      const network = (base: Uint8Array) => ({ bytes: maskOf(base, prefix), prefix, text: '' });
      const address = withHostBits(network(here), host);
      const moved = withHostBits(network(there), address);
      expect(maskOf(moved, prefix)).toEqual(network(there).bytes);
      expect(withHostBits(network(here), moved)).toEqual(address);
    }),
  );
});

function maskOf(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))));
}

test('a network is counted through from its first address to its last', () => {
  expect(sizeOf(cidr('192.0.2.1'))).toBe(1n);
  expect(sizeOf(cidr('10.0.0.0/16'))).toBe(65_536n);
  expect(formatIp(addressAt(cidr('10.1.0.0/16'), 0n))).toBe('10.1.0.0');
  expect(formatIp(addressAt(cidr('10.1.0.0/16'), 258n))).toBe('10.1.1.2');
  expect(formatIp(addressAt(cidr('10.1.0.0/16'), 65_535n))).toBe('10.1.255.255');
  expect(formatIp(addressAt(cidr('fd00::/64'), (1n << 64n) - 1n))).toBe('fd00::ffff:ffff:ffff:ffff');
});

test('networks overlap when one holds the other', () => {
  expect(overlap(cidr('10.0.0.0/8'), cidr('10.1.2.3'))).toBe(true);
  expect(overlap(cidr('10.1.2.3'), cidr('10.0.0.0/8'))).toBe(true);
  expect(overlap(cidr('10.0.0.0/9'), cidr('10.128.0.0/9'))).toBe(false);
  expect(overlap(cidr('::/0'), cidr('10.128.0.0/9'))).toBe(false);
});

test('the number for a key is stable and every number is used about as often', () => {
  const counts = [0, 0, 0];
  for (let client = 0; client < 3000; client++) counts[Number(numberFor(`10.0.${client >> 8}.${client & 255}`, 3n))]!++;
  for (const count of counts) expect(count).toBeGreaterThan(850);
  expect(numberFor('10.0.0.1', 1000n)).toBe(numberFor('10.0.0.1', 1000n));
});
