import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIp, parseCidr, parseIp } from '../ip.ts';
import { PrefixTable } from './prefix-table.ts';

const bitsOf = (octets: Uint8Array): string => [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');

/** Few distinct octets, so that random networks nest and hold random addresses. */
const address = fc
  .constantFrom(4, 16)
  .chain((length) => fc.array(fc.constantFrom(0, 128, 255), { minLength: length, maxLength: length }))
  .map((values) => Uint8Array.from(values));

const network = fc.tuple(address, fc.nat(128)).map(([octets, wanted]) => {
  const prefix = wanted % (octets.length * 8 + 1);
  const bits = bitsOf(octets)
    .slice(0, prefix)
    .padEnd(octets.length * 8, '0');
  const masked = Uint8Array.from(bits.match(/.{8}/g)!.map((octet) => Number.parseInt(octet, 2)));
  return { octets: masked, prefix, text: `${formatIp(masked)}/${prefix}` };
});

test('finds the networks that hold an address, the smallest first, as comparing bit by bit does', () => {
  fc.assert(
    fc.property(fc.array(network, { maxLength: 20 }), address, (networks, octets) => {
      const table = new PrefixTable<string>();
      for (const cidr of networks) table.set(cidr, cidr.text);
      const holding = networks
        .filter((cidr) => cidr.octets.length === octets.length)
        .filter((cidr) => bitsOf(octets).startsWith(bitsOf(cidr.octets).slice(0, cidr.prefix)))
        .toSorted((a, b) => b.prefix - a.prefix)
        .map((cidr) => cidr.text);
      expect(table.all(octets)).toEqual([...new Set(holding)]);
      expect(table.longest(octets)).toBe(holding[0]);
    }),
    { numRuns: 500 },
  );
});

test('the IPv4 and the IPv6 default network hold only their own family', () => {
  const table = new PrefixTable<string>();
  table.set(parseCidr('0.0.0.0/0')!, 'v4');
  table.set(parseCidr('::/0')!, 'v6');
  expect(table.all(parseIp('255.255.255.255')!)).toEqual(['v4']);
  expect(table.all(parseIp('ffff::')!)).toEqual(['v6']);
});

test('gives the value of exactly the network asked for', () => {
  const table = new PrefixTable<string>();
  table.set(parseCidr('10.0.0.0/8')!, 'eight');
  expect(table.get(parseCidr('10.0.0.0/8')!)).toBe('eight');
  expect(table.get(parseCidr('10.0.0.0/9')!)).toBeUndefined();
});
