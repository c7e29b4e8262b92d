import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SockAddr } from '../../../base/address.ts';
import { formatIp } from '../../../base/ip.ts';
import { ADDRESS_LENGTH, decodeAddress, encodeAddress } from './socket-address.ts';

function roundTrip(address: SockAddr): SockAddr | undefined {
  const memory = Buffer.alloc(ADDRESS_LENGTH, 0xff);
  const length = encodeAddress(address, memory);
  return length === undefined ? undefined : decodeAddress(memory, length);
}

const port = fc.integer({ min: 0, max: 65_535 });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('the kernel form of an address', () => {
  test('of IPv4 survives the round trip', () => {
    fc.assert(
      fc.property(bytes(4), port, (ip, number) => {
        const address: SockAddr = { family: 'inet', address: formatIp(ip), port: number };
        expect(roundTrip(address)).toEqual(address);
      }),
    );
  });

  test('of IPv6 survives the round trip', () => {
    fc.assert(
      fc.property(bytes(16), port, (ip, number) => {
        ip[0] = 0x20;
        const address: SockAddr = { family: 'inet6', address: formatIp(ip), port: number };
        expect(roundTrip(address)).toEqual(address);
      }),
    );
  });

  test('of a socket file survives the round trip, up to 107 bytes', () => {
    for (const path of ['/a', 'relative.sock', `/${'x'.repeat(106)}`, '/größe']) {
      expect(roundTrip({ family: 'unix', path })).toEqual({ family: 'unix', path });
    }
  });

  test('of an abstract socket has its whole length', () => {
    const path = '\0inband';
    expect(roundTrip({ family: 'unix', path })).toEqual({ family: 'unix', path });
  });

  test.each([
    ['a path too long by one byte', { family: 'unix', path: `/${'x'.repeat(107)}` }],
    ['a path too long in bytes, not in characters', { family: 'unix', path: 'ö'.repeat(54) }],
    ['an empty path', { family: 'unix', path: '' }],
    ['a path with a NUL in it', { family: 'unix', path: '/a\0b' }],
    ['text that is no address', { family: 'inet', address: 'localhost', port: 1 }],
    ['IPv6 text as IPv4', { family: 'inet', address: '::1', port: 1 }],
  ] as const)('does not exist for %s', (_name, address) => {
    const memory = Buffer.alloc(ADDRESS_LENGTH, 0xee);
    expect(encodeAddress(address, memory)).toBeUndefined();
  });

  test('with an IPv4-mapped address is read as IPv4', () => {
    const memory = Buffer.alloc(ADDRESS_LENGTH);
    const length = encodeAddress({ family: 'inet6', address: '2001:db8::1', port: 80 }, memory);
    memory.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1], 8);
    expect(decodeAddress(memory, length ?? 0)).toEqual({ family: 'inet', address: '127.0.0.1', port: 80 });
  });

  test('that is cut short, or of another family, is not read', () => {
    const memory = Buffer.alloc(ADDRESS_LENGTH);
    encodeAddress({ family: 'inet', address: '127.0.0.1', port: 80 }, memory);
    expect(decodeAddress(memory, 0)).toBeUndefined();
    expect(decodeAddress(memory, 15)).toBeUndefined();
    encodeAddress({ family: 'inet6', address: '::1', port: 80 }, memory);
    expect(decodeAddress(memory, 27)).toBeUndefined();
    memory.writeUInt16LE(16, 0);
    expect(decodeAddress(memory, ADDRESS_LENGTH)).toBeUndefined();
  });

  test('of an unnamed unix socket has an empty path, and one that fills the field has no NUL', () => {
    const memory = Buffer.alloc(ADDRESS_LENGTH);
    memory.writeUInt16LE(1, 0);
    expect(decodeAddress(memory, 2)).toEqual({ family: 'unix', path: '' });
    memory.fill(0x78, 2, 110);
    expect(decodeAddress(memory, 111)).toEqual({ family: 'unix', path: 'x'.repeat(108) });
  });
});
