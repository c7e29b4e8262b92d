import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addr, translation } from '../../test-support/establishing.ts';
import { formatSockAddr, type SockAddr } from '../base/address.ts';
import { formatIp } from '../base/ip.ts';
import type { NatRule } from './nat-rule.ts';

const client = addr('10.0.0.7', 40_000);
const unix: SockAddr = { family: 'unix', path: '/run/a.sock' };

function goesTo(rules: readonly NatRule[], server: string, from: SockAddr = client): string | undefined {
  const found = translation(rules).destination(from, addr(server));
  return found && formatSockAddr(found.address);
}

function comesFrom(rules: readonly NatRule[], from: string | SockAddr, server = '192.0.2.1:80'): string | undefined {
  const found = translation(rules).source(typeof from === 'string' ? addr(from, 40_000) : from, addr(server));
  return found && formatSockAddr(found);
}

describe('dnat', () => {
  test('to one address keeps the port, unless it names one', () => {
    expect(goesTo([{ action: 'dnat', to: '10.9.9.9' }], '192.0.2.1:80')).toBe('10.9.9.9:80');
    expect(goesTo([{ action: 'dnat', to: '10.9.9.9:8080' }], '192.0.2.1:80')).toBe('10.9.9.9:8080');
    expect(goesTo([{ action: 'dnat', to: '[fd00::9]:8080' }], '192.0.2.1:80')).toBe('[fd00::9]:8080');
  });

  test('to a network keeps host bits and port, for addresses of the other network only', () => {
    const rules: NatRule[] = [{ action: 'dnat', servers: ['203.0.113.0/24'], network: '192.168.7.0/24' }];
    expect(goesTo(rules, '203.0.113.9:80')).toBe('192.168.7.9:80');
    expect(goesTo(rules, '203.0.113.255:81')).toBe('192.168.7.255:81');
    expect(goesTo(rules, '203.0.112.9:80')).toBeUndefined();
  });

  test('to a network is one to one', () => {
    const found = translation([{ action: 'dnat', servers: ['198.51.100.0/22'], network: '10.1.4.0/22' }]);
    const addresses = Array.from({ length: 1024 }, (_, index) => `198.51.${100 + (index >> 8)}.${index & 255}`);
    const moved = addresses.map((text) => formatSockAddr(found.destination(client, addr(text, 80))!.address));
    expect(new Set(moved).size).toBe(1024);
    expect(moved.every((text) => /^10\.1\.[4-7]\.\d+:80$/.test(text))).toBe(true);
  });

  test('of a smaller zone within the network: what is asked is the address, not its zone', () => {
    const rules: NatRule[] = [{ action: 'dnat', servers: ['192.168.0.0/16'], network: '10.3.0.0/16' }];
    expect(goesTo(rules, '192.168.0.5:80')).toBe('10.3.0.5:80');
  });

  test('to a pool gives a client always the same member, whatever it asks for, and clients all members', () => {
    const rules: NatRule[] = [{ action: 'dnat', pool: ['10.9.0.1', '10.9.0.2:8080', '10.9.1.0/30'] }];
    const seen = new Set<string>();
    for (let last = 0; last < 200; last++) {
      const from = addr(`10.0.1.${last}`, 1000 + last);
      const member = goesTo(rules, '192.0.2.1:80', from);
      expect(goesTo(rules, '192.0.2.2:80', addr(`10.0.1.${last}`, 9))).toBe(member);
      seen.add(member!);
    }
    const members = ['10.9.0.1:80', '10.9.0.2:8080', '10.9.1.0:80', '10.9.1.1:80', '10.9.1.2:80', '10.9.1.3:80'];
    expect([...seen].toSorted()).toEqual(members);
  });

  test('conditions are zones, networks and ports, and the first rule that matches decides', () => {
    const rules: NatRule[] = [
      { action: 'dnat', servers: ['dmz'], ports: ['80-89'], to: '10.0.0.1' },
      { action: 'dnat', clients: ['public'], to: '10.0.0.2' },
      { action: 'dnat', servers: ['192.0.2.1', 'dmz'], to: '10.0.0.3' },
      { action: 'dnat', servers: ['192.0.2.1'], to: '10.0.0.4' },
    ];
    expect(goesTo(rules, '192.168.0.5:81')).toBe('10.0.0.1:81');
    expect(goesTo(rules, '192.168.0.5:90')).toBe('10.0.0.3:90');
    expect(goesTo(rules, '192.0.2.1:80')).toBe('10.0.0.3:80');
    expect(goesTo(rules, '192.0.2.1:80', addr('8.8.8.8'))).toBe('10.0.0.2:80');
    expect(goesTo(rules, '192.0.2.2:80')).toBeUndefined();
  });

  test('a translated address is not translated again, and a socket in the file system never', () => {
    const rules: NatRule[] = [
      { action: 'dnat', servers: ['192.0.2.1'], to: '192.0.2.2' },
      { action: 'dnat', servers: ['192.0.2.2'], to: '192.0.2.3' },
      { action: 'dnat', to: '192.0.2.4' },
    ];
    expect(goesTo(rules, '192.0.2.1:80')).toBe('192.0.2.2:80');
    expect(translation(rules).destination(client, unix)).toBeUndefined();
    expect(translation(rules).source(client, unix)).toBeUndefined();
  });

  test('equal questions get the same object, so that its text is made once', () => {
    for (const rule of [
      { to: '10.0.0.1' },
      { servers: ['192.0.2.0/24'], network: '10.0.0.0/24' },
      { pool: ['10.0.0.1', '10.0.0.2'] },
      { embedIn: '2001:db8::/96' },
    ]) {
      const found = translation([{ action: 'dnat', ...rule }]);
      const first = found.destination(client, addr('192.0.2.1:80'));
      expect(first).toBeDefined();
      expect(found.destination(addr('10.0.0.7', 2), addr('192.0.2.1:80'))).toBe(first);
    }
  });

  test('says which rule it was', () => {
    const rules: NatRule[] = [
      { action: 'snat', to: '10.0.0.1' },
      { action: 'dnat', to: '10.0.0.1' },
    ];
    expect(translation(rules).destination(client, addr('192.0.2.1:80'))).toMatchObject({
      rule: 'services.test.nat[1]',
    });
  });
});

describe('NAT64', () => {
  test('embedIn puts IPv4 servers into the prefix, and leaves IPv6 ones alone', () => {
    const rules: NatRule[] = [{ action: 'dnat', embedIn: '2001:db8:122:344::/64' }];
    expect(goesTo(rules, '192.0.2.33:80')).toBe('[2001:db8:122:344:c0:2:2100:0]:80');
    expect(goesTo(rules, '[2001:db8::1]:80')).toBeUndefined();
  });

  test('extractFrom takes IPv4 servers out of the prefix, and leaves all others alone', () => {
    const rules: NatRule[] = [{ action: 'dnat', extractFrom: '64:ff9b::/96' }];
    expect(goesTo(rules, '[64:ff9b::808:808]:80')).toBe('8.8.8.8:80');
    expect(goesTo(rules, '[64:ff9c::808:808]:80')).toBeUndefined();
    expect(goesTo(rules, '8.8.8.8:80')).toBeUndefined();
  });

  test('the well-known prefix stands for global addresses only (RFC 6052 section 3.1)', () => {
    const both: NatRule[] = [
      { action: 'dnat', embedIn: '64:ff9b::/96' },
      { action: 'dnat', extractFrom: '64:ff9b::/96' },
    ];
    expect(goesTo(both, '8.8.8.8:80')).toBe('[64:ff9b::808:808]:80');
    expect(goesTo(both, '10.0.0.1:80')).toBeUndefined();
    expect(goesTo(both, '[64:ff9b::a00:1]:80')).toBeUndefined();
    expect(goesTo([{ action: 'dnat', embedIn: '2001:db8::/96' }], '10.0.0.1:80')).toBe('[2001:db8::a00:1]:80');
  });

  test('out of a prefix comes what went in', () => {
    const [into, outOf] = [
      translation([{ action: 'dnat', embedIn: '2001:db8:1:200::/56' }]),
      translation([{ action: 'dnat', extractFrom: '2001:db8:1:200::/56' }]),
    ];
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.integer({ min: 1, max: 65_535 }), (bytes, port) => {
        const server = addr(formatIp(bytes), port);
        expect(outOf.destination(client, into.destination(client, server)!.address)!.address).toEqual(server);
      }),
    );
  });
});

describe('snat', () => {
  test('gives one address, without a port unless it names one', () => {
    expect(comesFrom([{ action: 'snat', to: '192.0.2.9' }], '10.0.0.7')).toBe('192.0.2.9:0');
    expect(comesFrom([{ action: 'snat', to: '192.0.2.9:2000' }], '10.0.0.7')).toBe('192.0.2.9:2000');
  });

  test('keeps the host bits of the client, never its port', () => {
    const rules: NatRule[] = [{ action: 'snat', clients: ['10.0.0.0/16'], network: '10.99.0.0/16' }];
    expect(comesFrom(rules, '10.0.3.7')).toBe('10.99.3.7:0');
    expect(comesFrom(rules, '10.1.3.7')).toBeUndefined();
    expect(comesFrom(rules, unix)).toBeUndefined();
  });

  test('takes an address out of a pool that is always the same for a client', () => {
    const rules: NatRule[] = [{ action: 'snat', pool: ['192.0.2.0/29'] }];
    const seen = new Set(Array.from({ length: 100 }, (_, last) => comesFrom(rules, `10.0.0.${last}`)));
    expect(seen.size).toBe(8);
    expect(comesFrom(rules, addr('10.0.0.7', 1))).toBe(comesFrom(rules, addr('10.0.0.7', 2)));
    expect(comesFrom(rules, unix)).toMatch(/^192\.0\.2\.[0-7]:0$/);
  });

  test('only rules of the family of the server are asked, and the first that matches decides', () => {
    const rules: NatRule[] = [
      { action: 'snat', to: 'fd00::9' },
      { action: 'snat', servers: ['192.0.2.0/24'], ports: [443], to: '192.0.2.1' },
      { action: 'snat', clients: ['private'], to: '192.0.2.2' },
      { action: 'snat', to: '192.0.2.3' },
    ];
    expect(comesFrom(rules, '10.0.0.7')).toBe('192.0.2.2:0');
    expect(comesFrom(rules, '10.0.0.7', '192.0.2.1:443')).toBe('192.0.2.1:0');
    expect(comesFrom(rules, '8.8.8.8')).toBe('192.0.2.3:0');
    expect(comesFrom(rules, '8.8.8.8', '[fd00::1]:80')).toBe('[fd00::9]:0');
  });
});

describe('a rule for users or groups', () => {
  const rules: NatRule[] = [
    { action: 'dnat', users: ['ann'], to: '10.0.0.1' },
    { action: 'dnat', groups: ['jobs', 'people'], to: '10.0.0.2' },
    { action: 'snat', users: ['ann'], groups: ['jobs'], to: '192.0.2.1' },
    { action: 'snat', to: '192.0.2.2' },
  ];
  const nat = translation(rules);
  const server = addr('198.51.100.1:80');

  test.each([
    ['ann', ['jobs'], '10.0.0.1:80', '192.0.2.1:0'],
    ['ann', [], '10.0.0.1:80', '192.0.2.2:0'],
    ['bob', ['people'], '10.0.0.2:80', '192.0.2.2:0'],
    ['bob', ['others'], undefined, '192.0.2.2:0'],
    [undefined, undefined, undefined, '192.0.2.2:0'],
  ])('is for them only: %s of %j', (user, groups, destination, source) => {
    const [to, from] = [
      nat.destination(client, server, { user, groups }),
      nat.source(client, server, { user, groups }),
    ];
    expect(to && formatSockAddr(to.address)).toBe(destination);
    expect(from && formatSockAddr(from)).toBe(source);
  });

  test('is for nobody where nobody is known', () => {
    expect(nat.destination(client, server)).toBeUndefined();
    expect(() => translation([{ action: 'dnat', users: [], to: '10.0.0.1' }])).toThrow('An empty list matches nothing');
  });
});
