import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { formatIp, parseIp } from '../base/ip.ts';
import { AddressZones } from './zones.ts';

const shown = (zones: AddressZones, zone: string): string[] =>
  zones.rangesOf(zone).map(({ first, last }) => `${formatIp(first)}-${formatIp(last)}`);

test('built-in zones are the ranges of their networks, without those of others', () => {
  const zones = new AddressZones();
  expect(shown(zones, 'loopback')).toEqual(['127.0.0.0-127.255.255.255', '::1-::1']);
  expect(shown(zones, 'private').slice(0, 3)).toEqual([
    '10.0.0.0-10.255.255.255',
    '100.64.0.0-100.100.100.199',
    '100.100.100.201-100.127.255.255',
  ]);
});

test('the first and the last address of a family are in the range that reaches them', () => {
  const zones = new AddressZones({ all: { addresses: ['0.0.0.0/0', '::/0'] } });
  expect(shown(zones, 'reserved')).toContain('224.0.0.0-255.255.255.255');
  expect(shown(zones, 'reserved').at(-1)).toMatch(/-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff$/);
});

test('ranges follow a zone that changes', () => {
  const zones = new AddressZones({ site: { addresses: ['192.168.0.0/24'], hosts: ['a.example'] } });
  expect(shown(zones, 'site')).toEqual(['192.168.0.0-192.168.0.255']);
  zones.replaceHosts(new Map([['a.example', [parseIp('192.168.1.0')!]]]));
  expect(shown(zones, 'site')).toEqual(['192.168.0.0-192.168.1.0']);
});

test('an address is in a range of exactly the zones that it is in', () => {
  const octet = fc.integer({ min: 0, max: 5 });
  const network = fc.tuple(octet, fc.constantFrom(24, 30, 32)).map(([a, prefix]) => `10.0.${a}.0/${prefix}`);
  fc.assert(
    fc.property(fc.uniqueArray(network, { maxLength: 8 }), octet, octet, (networks, a, b) => {
      const own = Object.fromEntries(
        networks.map((text, index) => [`z${index}`, { addresses: [text], ...(index > 0 && { parent: 'z0' }) }]),
      );
      const zones = new AddressZones(own);
      const address = parseIp(`10.0.${a}.${b}`)!;
      const inRange = zones.names.filter((zone) =>
        zones
          .rangesOf(zone)
          .some(
            ({ first, last }) =>
              first.length === 4 && Buffer.compare(first, address) <= 0 && Buffer.compare(address, last) <= 0,
          ),
      );
      expect(inRange.toSorted()).toEqual([...zones.membershipOf(address, 'client').names].toSorted());
    }),
    { numRuns: runs(50) },
  );
});
