import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inetAddr, type SockAddr } from '../base/address.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { AddressZones, type BuiltinZone, type ZoneDefinition } from './zones.ts';

const addr = (text: string): SockAddr => inetAddr(text, 80)!;
const unix: SockAddr = { family: 'unix', path: '/run/app.sock' };

describe('built-in zones', () => {
  const zones = new AddressZones();

  test.each<[BuiltinZone, string[]]>([
    ['loopback', ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1', '64:ff9b::127.0.0.1', '2002:7f00:1::']],
    ['private', ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.1', '100.64.0.0']],
    ['private', ['100.127.255.255', 'fc00::', 'fdff::1', '::10.0.0.1', '64:ff9b:1::192.168.0.1', '2002:c0a8:1::']],
    ['linkLocal', ['169.254.0.0', '169.254.169.254', 'fe80::1', 'febf:ffff::1', '64:ff9b::169.254.169.254']],
    ['linkLocal', ['168.63.129.16', '100.100.100.200', 'fd00:ec2::254', 'fd00:ec2::23', '2002:a83f:8110::']],
    ['reserved', ['0.0.0.0', '0.255.255.255', '192.0.0.192', '192.0.2.1', '198.18.0.0', '198.19.255.255', '::']],
    ['reserved', ['198.51.100.1', '203.0.113.1', '192.88.99.1', '224.0.0.1', '239.255.255.255', '240.0.0.1']],
    ['reserved', ['255.255.255.255', '100::1', '100:0:0:1::1', '2001:1::1', '2001:2::1', '2001:10::1', '2001:20::1']],
    ['reserved', ['2001:db8::1', '3fff:fff::1', '5f00::1', 'fec0::1', 'ff02::1', '4000::1', '::2', '1::1', 'e000::1']],
    ['public', ['9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0']],
    ['public', ['1.1.1.1', '126.255.255.255', '128.0.0.0', '192.0.1.1', '198.17.255.255', '198.20.0.0', '2600::1']],
    [
      'public',
      ['2001:4860:4860::8888', '2001:200::1', '2001:3::1', '64:ff9b::8.8.8.8', '2002:808:808::', '3fff:1000::1'],
    ],
  ])('the zone %s holds %j', (zone, addresses) => {
    for (const address of addresses) expect([address, zones.builtinZone(addr(address))]).toEqual([address, zone]);
  });

  test('a Teredo address is as bad as the worse of its server and its client', () => {
    expect(zones.builtinZone(addr('2001:0:808:808::f7f7:f7f7'))).toBe('public');
    expect(zones.builtinZone(addr('2001:0:808:808::80ff:fffe'))).toBe('loopback');
    expect(zones.builtinZone(addr('2001:0:a9fe:a9fe::f7f7:f7f7'))).toBe('linkLocal');
  });

  test('an ISATAP address is as bad as the worse of its prefix and its interface', () => {
    expect(zones.builtinZone(addr('2600::5efe:10.0.0.1'))).toBe('private');
    expect(zones.builtinZone(addr('fd00::5efe:8.8.8.8'))).toBe('private');
    expect(zones.builtinZone(addr('fe80::5efe:8.8.8.8'))).toBe('linkLocal');
  });

  test('a client is evaluated by the address as it stands', () => {
    const bytes = Uint8Array.from([0x20, 0x02, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(zones.membershipOf(bytes, 'client').builtin).toBe('public');
    expect(zones.membershipOf(bytes, 'server').builtin).toBe('loopback');
  });

  test('a unix socket is loopback', () => {
    expect(zones.zonesOf(unix)).toEqual(['loopback']);
    expect(zones.builtinZone(unix)).toBe('loopback');
  });

  test('text that is not an address is reserved', () => {
    expect(zones.zonesOf({ family: 'inet', address: 'localhost', port: 80 })).toEqual(['reserved']);
  });

  test('an address gives the same answer however often it is asked about', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const first = zones.zonesOf(addr(text));
        expect(zones.zonesOf(addr(text))).toBe(first);
        expect(new AddressZones().zonesOf(addr(text))).toEqual(first);
      }),
    );
  });
});

describe('zones of the configuration', () => {
  const zones = new AddressZones({
    site: { addresses: ['10.0.0.0/8', '8.8.0.0/16'] },
    dmz: { addresses: ['10.1.0.0/16', 'fd00:1::/48'], parent: 'site' },
    web: { addresses: ['10.1.2.0/24', '10.1.2.0/24'], parent: 'dmz' },
    lan: { addresses: ['192.168.0.0/16'] },
    inside: { addresses: ['198.20.0.0/16'], parent: 'private' },
    nat64: { addresses: ['64:ff9b::/96'], parent: 'everything' },
    'nat64 of b': { addresses: ['64:ff9b::172.16.0.0/108'], parent: 'nat64' },
    relay: { addresses: ['2002:a00::/24'] },
    everything: { addresses: ['0.0.0.0/0', '::/0'] },
  });

  test.each([
    ['10.1.2.3', ['web', 'dmz', 'site', 'private']],
    ['::ffff:10.1.2.3', ['web', 'dmz', 'site', 'private']],
    ['10.1.3.3', ['dmz', 'site', 'private']],
    ['10.2.0.1', ['site', 'private']],
    ['8.8.8.8', ['site', 'public']],
    ['fd00:1::1', ['dmz', 'site', 'private']],
    ['192.168.1.1', ['lan', 'private']],
    ['198.20.0.1', ['inside', 'private', 'public']],
    ['1.1.1.1', ['everything', 'public']],
    ['2600::1', ['everything', 'public']],
    ['127.0.0.1', ['loopback']],
    ['172.16.0.1', ['private']],
    ['4000::1', ['everything', 'reserved']],
    ['64:ff9b::8.8.8.8', ['nat64', 'everything', 'public']],
    ['64:ff9b::127.0.0.1', ['loopback']],
    ['64:ff9b::172.16.1.1', ['nat64 of b', 'nat64', 'everything', 'private']],
    ['2002:a00:1::1', ['relay', 'private']],
  ])('%s belongs to %j', (text, expected) => {
    expect(zones.zonesOf(addr(text))).toEqual(expected);
  });

  test('the built-in class stays what it is inside a zone of the configuration', () => {
    expect(zones.builtinZone(addr('198.20.0.1'))).toBe('public');
    expect(zones.builtinZone(addr('10.1.2.3'))).toBe('private');
  });

  test('a zone contains what is in its children', () => {
    expect(zones.contains('site', addr('10.1.2.3'))).toBe(true);
    expect(zones.contains('web', addr('10.1.3.3'))).toBe(false);
    expect(zones.contains('no such zone', addr('10.1.3.3'))).toBe(false);
  });

  test('are known by name together with the built-in ones', () => {
    expect(zones.has('dmz')).toBe(true);
    expect(zones.has('public')).toBe(true);
    expect(zones.has('dmzz')).toBe(false);
    expect(zones.names).toEqual(expect.arrayContaining(['site', 'loopback']));
  });
});

describe('an error in the zones', () => {
  test.each<[string, Record<string, ZoneDefinition>, (string | number)[], RegExp]>([
    ['an unknown parent', { a: { addresses: [], parent: 'b' } }, ['a', 'parent'], /no zone "b"; the zones are a, /],
    ['a zone that is its own parent', { a: { addresses: [], parent: 'a' } }, ['a', 'parent'], /a → a/],
    [
      'a circle',
      { a: { addresses: [], parent: 'b' }, b: { addresses: [], parent: 'c' }, c: { addresses: [], parent: 'b' } },
      ['a', 'parent'],
      /a → b → c → b/,
    ],
    ['a bad network', { a: { addresses: ['10.0.0.0/8', '10.0.0.0/40'] } }, ['a', 'addresses', 1], /0 to 32/],
    ['host bits', { a: { addresses: ['10.0.0.1/8'] } }, ['a', 'addresses', 0], /bits set beyond/],
    ['a built-in name', { private: { addresses: [] } }, ['private'], /built-in/],
    ['a name that is an address', { '10.0.0.1': { addresses: [] } }, ['10.0.0.1'], /means the address/],
    ['an empty name', { '': { addresses: [] } }, [''], /needs a name/],
    [
      'one network in two zones',
      { a: { addresses: ['10.0.0.0/8'] }, b: { addresses: ['::ffff:10.0.0.0/104'] } },
      ['b', 'addresses', 0],
      /in the zone "a" already/,
    ],
  ])('%s: says where and why', (_what, definitions, path, message) => {
    let caught: unknown;
    try {
      new AddressZones(definitions).has('a');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(PolicyConfigurationError);
    expect(caught).toMatchObject({ path, message: expect.stringMatching(message), code: 'proxy_configuration_error' });
  });

  test('carries the setting in text', () => {
    expect(() => new AddressZones({ dmz: { addresses: ['x'] } })).toThrow(
      expect.objectContaining({ setting: 'zones.dmz.addresses[0]' }),
    );
  });
});
