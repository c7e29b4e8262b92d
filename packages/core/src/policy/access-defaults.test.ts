import { describe, expect, test } from 'vitest';
import { inetAddr, type SockAddr } from '../base/address.ts';
import { AccessPolicy } from './access-policy.ts';
import { AddressZones } from '../zones/zones.ts';

const zones = new AddressZones();
const addr = (text: string): SockAddr => inetAddr(text, 80)!;
const unix: SockAddr = { family: 'unix', path: '/run/app.sock' };

const CLIENTS = { loopback: addr('127.0.0.1'), private: addr('10.9.9.9'), public: addr('8.8.4.4') };

/** Who may reach an address that the client itself chose. */
const REACH = {
  everybody: ['loopback', 'private', 'public'],
  inside: ['loopback', 'private'],
  'this machine': ['loopback'],
  nobody: [],
} satisfies Record<string, (keyof typeof CLIENTS)[]>;

/** Every special-purpose range, first and last address of each, and its neighbours. */
const IPV4: [string, string[], keyof typeof REACH][] = [
  ['this network', ['0.0.0.0', '0.0.0.1', '0.255.255.255'], 'nobody'],
  ['before 10/8', ['1.0.0.0', '9.255.255.255'], 'everybody'],
  ['10/8', ['10.0.0.0', '10.255.255.255'], 'inside'],
  ['after 10/8', ['11.0.0.0', '100.63.255.255'], 'everybody'],
  ['shared address space', ['100.64.0.0', '100.100.100.201', '100.127.255.255'], 'inside'],
  ['metadata of Alibaba', ['100.100.100.200'], 'nobody'],
  ['between', ['100.128.0.0', '126.255.255.255'], 'everybody'],
  ['loopback', ['127.0.0.0', '127.0.0.1', '127.255.255.255'], 'this machine'],
  ['after loopback', ['128.0.0.0', '169.253.255.255'], 'everybody'],
  ['host services of Azure', ['168.63.129.16'], 'nobody'],
  ['link-local', ['169.254.0.0', '169.254.169.254', '169.254.255.255'], 'nobody'],
  ['before 172.16/12', ['169.255.0.0', '172.15.255.255'], 'everybody'],
  ['172.16/12', ['172.16.0.0', '172.31.255.255'], 'inside'],
  ['after 172.16/12', ['172.32.0.0', '191.255.255.255'], 'everybody'],
  ['IETF protocol assignments', ['192.0.0.0', '192.0.0.192', '192.0.0.255'], 'nobody'],
  ['TEST-NET-1', ['192.0.2.0', '192.0.2.255'], 'nobody'],
  ['6to4 relay anycast', ['192.88.99.0', '192.88.99.255'], 'nobody'],
  ['192.168/16', ['192.168.0.0', '192.168.255.255'], 'inside'],
  ['benchmarking', ['198.18.0.0', '198.19.255.255'], 'nobody'],
  ['TEST-NET-2', ['198.51.100.0', '198.51.100.255'], 'nobody'],
  ['TEST-NET-3', ['203.0.113.0', '203.0.113.255'], 'nobody'],
  ['last before multicast', ['223.255.255.255'], 'everybody'],
  ['multicast', ['224.0.0.0', '239.255.255.255'], 'nobody'],
  ['future use and broadcast', ['240.0.0.0', '255.255.255.254', '255.255.255.255'], 'nobody'],
];

const IPV6: [string, string[], keyof typeof REACH][] = [
  ['unspecified', ['::'], 'nobody'],
  ['loopback', ['::1'], 'this machine'],
  ['not assigned', ['1::', '4000::', 'e000::', 'fbff::1'], 'nobody'],
  ['discard only', ['100::', '100::ffff:ffff:ffff:ffff'], 'nobody'],
  ['dummy prefix', ['100:0:0:1::', '100:0:0:1:ffff::'], 'nobody'],
  ['IETF protocol assignments', ['2001:1::', '2001:1ff:ffff::'], 'nobody'],
  ['benchmarking', ['2001:2::', '2001:2:0:ffff::'], 'nobody'],
  ['ORCHID', ['2001:10::', '2001:1f:ffff::', '2001:20::', '2001:2f:ffff::'], 'nobody'],
  ['documentation', ['2001:db8::', '2001:db8:ffff::', '3fff::', '3fff:fff:ffff::'], 'nobody'],
  [
    'global unicast',
    ['2001:200::', '2001:db7::', '2001:db9::', '2606:4700::1111', '3ffe:ffff::', '3fff:1000::'],
    'everybody',
  ],
  ['segment routing', ['5f00::', '5f00:ffff::'], 'nobody'],
  ['unique local', ['fc00::', 'fd00::1', 'fdff:ffff::'], 'inside'],
  [
    'metadata in unique local',
    ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', 'fd00:c1::a9fe:a9fe', 'fd00:42::42'],
    'nobody',
  ],
  ['link-local', ['fe80::', 'fe80::1', 'febf:ffff::'], 'nobody'],
  ['site-local', ['fec0::', 'feff:ffff::'], 'nobody'],
  ['multicast', ['ff00::', 'ff02::1', 'ffff:ffff::'], 'nobody'],
];

const hex = (text: string, invert = 0): string => {
  const bytes = text.split('.').map((byte) => (Number(byte) ^ invert).toString(16).padStart(2, '0'));
  return bytes.join('').replace(/^.{4}/, '$&:');
};

const FORMS: [string, (ipv4: string) => string][] = [
  ['IPv4-mapped', (ipv4) => `::ffff:${ipv4}`],
  ['IPv4-translated', (ipv4) => `::ffff:0:${ipv4}`],
  ['NAT64', (ipv4) => `64:ff9b::${ipv4}`],
  ['local-use NAT64', (ipv4) => `64:ff9b:1:2::${ipv4}`],
  ['6to4', (ipv4) => `2002:${hex(ipv4)}::1`],
  ['Teredo client', (ipv4) => `2001:0:808:808::${hex(ipv4, 0xff)}`],
  ['Teredo server', (ipv4) => `2001:0:${hex(ipv4)}::f7f7:f7f7`],
  ['ISATAP', (ipv4) => `2600::200:5efe:${ipv4}`],
];

const policy = AccessPolicy.compile([], { mode: 'reverse', zones, path: 'services.web.access' });

function reachedBy(text: string): string[] {
  const server = addr(text);
  const common = { target: undefined, method: 'GET', user: undefined, serverChosenBy: 'client', server } as const;
  return Object.entries(CLIENTS)
    .filter(([, client]) => policy.decide({ ...common, client }).verdict === 'allow')
    .map(([name]) => name);
}

describe('where the client chose the server, without rules', () => {
  test.each([...IPV4, ...IPV6])('%s %j is for %s', (_name, addresses, reach) => {
    for (const address of addresses) expect([address, reachedBy(address)]).toEqual([address, REACH[reach]]);
  });

  describe.each(FORMS)('in %s form', (_form, write) => {
    test.each(IPV4)('%s %j is for %s', (_name, addresses, reach) => {
      for (const address of addresses) {
        const text = write(address);
        expect([text, reachedBy(text)]).toEqual([text, REACH[reach]]);
      }
    });
  });

  test('an IPv4-compatible address is for whom the IPv4 address is', () => {
    expect(reachedBy('::10.0.0.1')).toEqual(REACH.inside);
    expect(reachedBy('::8.8.8.8')).toEqual(REACH.everybody);
    expect(reachedBy('::169.254.169.254')).toEqual(REACH.nobody);
  });

  test('a unix socket is for this machine, and a client on one is on this machine', () => {
    const query = { target: undefined, method: 'GET', user: undefined, serverChosenBy: 'client' } as const;
    expect(policy.decide({ ...query, client: CLIENTS.private, server: unix }).verdict).toBe('deny');
    expect(policy.decide({ ...query, client: CLIENTS.loopback, server: unix }).verdict).toBe('allow');
    expect(policy.decide({ ...query, client: unix, server: addr('127.0.0.1') }).verdict).toBe('allow');
  });

  test('a client at a link-local, reserved or translated address has no privilege', () => {
    const query = { target: undefined, method: 'GET', user: undefined, serverChosenBy: 'client' } as const;
    for (const text of ['fe80::1', '169.254.1.1', '192.0.2.1', '2002:7f00:1::1', '64:ff9b::10.0.0.1', '::10.0.0.1']) {
      expect(policy.decide({ ...query, client: addr(text), server: addr('10.0.0.1') }).verdict).toBe('deny');
      expect(policy.decide({ ...query, client: addr(text), server: addr('8.8.8.8') }).verdict).toBe('allow');
    }
  });
});

describe('clients, without rules', () => {
  const query = { target: undefined, method: 'GET', user: undefined, serverChosenBy: 'operator' } as const;

  test.each(['forward', 'transparent'] as const)('of a %s proxy must be on loopback or a private network', (mode) => {
    const guarded = AccessPolicy.compile([], { mode, zones, path: 'services.x.access' });
    const verdict = (client: SockAddr): string => guarded.decide({ ...query, client, server: addr('8.8.8.8') }).verdict;
    for (const client of ['127.0.0.1', '::1', '10.0.0.1', '100.64.0.1', 'fd00::1', '::ffff:192.168.0.1']) {
      expect([client, verdict(addr(client))]).toEqual([client, 'allow']);
    }
    for (const client of [
      '8.8.8.8',
      '2600::1',
      'fe80::1',
      '169.254.0.1',
      '192.0.2.1',
      '64:ff9b::10.0.0.1',
      '2002:a00:1::',
    ]) {
      expect([client, verdict(addr(client))]).toEqual([client, 'deny']);
    }
    expect(verdict(unix)).toBe('allow');
  });

  test('of a reverse proxy may be anywhere', () => {
    expect(policy.decide({ ...query, client: CLIENTS.public, server: addr('10.0.0.1') }).verdict).toBe('allow');
  });

  test('that are turned away hear why, and which setting would change it', () => {
    const guarded = AccessPolicy.compile([], { mode: 'forward', zones, path: 'services.x.access' });
    expect(guarded.decide({ ...query, client: CLIENTS.public, server: undefined })).toEqual({
      verdict: 'deny',
      rule: 'default: clients of a forward proxy',
      reason: expect.stringContaining('services.x.access'),
      code: 'http_request_denied',
      setting: 'services.x.access',
    });
  });
});

test('where the operator chose the server it is allowed, whatever it is', () => {
  for (const text of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '0.0.0.0', '8.8.8.8']) {
    const query = { target: undefined, method: 'GET', user: undefined, serverChosenBy: 'operator' } as const;
    const decision = policy.decide({ ...query, client: CLIENTS.public, server: addr(text) });
    expect([text, decision.verdict, decision.rule]).toEqual([
      text,
      'allow',
      'default: servers that the operator chose',
    ]);
  }
});
