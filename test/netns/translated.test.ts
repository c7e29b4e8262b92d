import type { ChainerInput, ConfigInput } from 'inband';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningProgram } from '../e2e/program.ts';
import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS, NetnsLab } from './lab.ts';
import type { Answer, Seen } from './protocol.ts';

const addressOf = (peer: string): string => peer.replace(/:\d+$/, '').replace(/[[\]]/g, '');

const nat: ConfigInput['services'][string]['nat'] = [
  { dnat: { servers: '203.0.113.0/24', network: '10.71.2.0/24' } },
  { dnat: { servers: '2001:db8:99::/64', network: 'fd71:3::/64' } },
  { dnat: { servers: '198.51.100.1', ports: 8080, to: '10.71.3.10:80' } },
  { dnat: { servers: '198.51.100.2', pool: ['10.71.2.10', '10.71.3.10'] } },
  { dnat: { extractFrom: 'fd71:64::/96' } },
  // Stands for the translator: the server has the address that 10.98.0.10 becomes.
  { dnat: { servers: '10.98.0.0/24', embedIn: 'fd71:3:0:0::/96' } },
  { snat: { clients: '10.71.1.0/24', servers: '10.71.3.0/24', network: '10.99.1.0/24' } },
  { snat: { servers: '10.71.2.0/24', to: '10.71.2.50' } },
  { snat: { servers: 'fd71:2::/64', pool: ['fd71:98::/125'] } },
];

describeRequiring(LAB_NEEDS, 'translated addresses', () => {
  let lab: NetnsLab;
  let program: RunningProgram;

  beforeAll(async () => {
    lab = await NetnsLab.create();
    await lab.gateway.ip(
      [
        'addr add 10.71.2.50/24 dev server1',
        'addr add fd71:2::50/64 dev server1',
        'route add local 10.99.1.0/24 dev lo',
        'route add local fd71:98::/125 dev lo',
      ].join('\n'),
    );
    await lab.gateway.sysctl('net.ipv6.ip_nonlocal_bind', '1');
    await lab.server2.ip('addr add fd71:3::a62:a/64 dev eth0');
    program = await lab.inband({
      listeners: [{ bind: ':8000', service: 'web' }],
      services: {
        web: {
          mode: 'forward',
          access: [{ deny: { clients: ['10.71.1.11', 'fd71:1::11'], servers: ['10.71.3.0/24', 'fd71:3::/64'] } }],
          nat,
          routes: [{ chainer: { type: 'inband' } }],
        },
      },
    });
  });
  afterAll(() => lab?.close());

  const fetch = (url: string, from = '10.71.1.10'): Promise<Answer> => {
    const to = from.includes(':') ? '[fd71:1::1]:8000' : '10.71.1.1:8000';
    return lab.client.fetch({ to, from, path: url, host: new URL(url).host });
  };
  const ask = async (url: string, from?: string): Promise<Seen> => {
    const { status, body } = await fetch(url, from);
    if (status !== 200) throw new Error(`status ${status}: ${body}`);
    return JSON.parse(body) as Seen;
  };

  describe('dnat', () => {
    test.each([
      ['a network to a network', 'http://203.0.113.10/', 'server1', '10.71.2.10:80'],
      ['IPv6, a network to a network', 'http://[2001:db8:99::10]/', 'server2', '[fd71:3::10]:80'],
      ['an address with its port to another', 'http://198.51.100.1:8080/', 'server2', '10.71.3.10:80'],
      ['IPv6 in a NAT64 prefix to IPv4', 'http://[fd71:64::a47:20a]/', 'server1', '10.71.2.10:80'],
      ['IPv4 into a NAT64 prefix', 'http://10.98.0.10/', 'server2', '[fd71:3::a62:a]:80'],
    ])('leads from %s', async (_what, url, server, local) => {
      expect(await ask(url)).toMatchObject({ server, local, headers: { host: new URL(url).host } });
    });

    test('leads to a pool, where a client always reaches the same server', async () => {
      for (const from of ['10.71.1.10', 'fd71:1::10']) {
        const reached = new Set<string>();
        for (let turn = 0; turn < 4; turn++) reached.add((await ask('http://198.51.100.2/', from)).server);
        expect(reached.size).toBe(1);
      }
    });

    test('access is evaluated on the translated address', async () => {
      expect((await fetch('http://203.0.113.10/', '10.71.1.11')).status).toBe(200);
      for (const url of ['http://198.51.100.1:8080/', 'http://[2001:db8:99::10]/']) {
        const denied = await fetch(url, '10.71.1.11');
        expect(denied).toMatchObject({ status: 403 });
        expect(denied.headers['proxy-status']).toContain('destination_ip_prohibited');
      }
    });

    test('the log says where it really went', async () => {
      const requests = await program.logged('request');
      expect(requests.find(({ target }) => target === 'http://203.0.113.10/')).toMatchObject({
        server: '10.71.2.10:80',
        status: 200,
      });
    });
  });

  describe('snat, as the server sees it', () => {
    test('is one address', async () => {
      expect(addressOf((await ask('http://203.0.113.10/')).peer)).toBe('10.71.2.50');
    });

    test('is an address of a network: every client has its own, and connections are not mixed up', async () => {
      for (const host of [10, 11, 10, 11]) {
        const from = `10.71.1.${host}`;
        // The second client may not go to server2.
        const url = host === 10 ? 'http://198.51.100.1:8080/' : 'http://203.0.113.10/';
        expect(addressOf((await ask(url, from)).peer)).toBe(host === 10 ? '10.99.1.10' : '10.71.2.50');
      }
    });

    test('is an address of a pool of IPv6 addresses: always the same one for a client', async () => {
      const first = addressOf((await ask('http://[fd71:2::10]/', 'fd71:1::10')).peer);
      expect(first).toMatch(/^fd71:98::[0-7]?$/);
      expect(addressOf((await ask('http://[fd71:2::10]/', 'fd71:1::10')).peer)).toBe(first);
    });
  });
});

describeRequiring(LAB_NEEDS, 'local', () => {
  let lab: NetnsLab;

  beforeAll(async () => {
    lab = await NetnsLab.create();
    await lab.gateway.ip('addr add 10.71.2.51/24 dev server1\naddr add fd71:2::51/64 dev server1');
  });
  afterAll(() => lab?.close());

  test('is the address that the server sees of an intercepted client', async () => {
    await lab.inbandOfTest({
      listeners: [{ bind: ':8300', service: 'guard', transparent: 'redirect' }],
      services: { guard: { mode: 'transparent', routes: [{ chainer: { type: 'transparent', local: '10.71.2.51' } }] } },
    });
    await lab.gateway.nft(
      [
        'table inet redirected {',
        'chain prerouting {',
        'type nat hook prerouting priority dstnat',
        'iifname "clients" tcp dport 80 redirect to :8300',
        '}',
        '}',
      ].join('\n'),
    );
    const seen = await lab.client.ask({ to: '10.71.2.10:80' });
    expect(seen).toMatchObject({ server: 'server1', local: '10.71.2.10:80' });
    expect(addressOf(seen.peer)).toBe('10.71.2.51');
  });

  describe.each(['node', 'epoll'] as const)('on %s', (transport) => {
    test('is the address that the server sees, with every chainer that dials', async () => {
      const ways = [
        { type: 'directed', remote: '10.71.2.10:80', local: '10.71.2.51' },
        { type: 'directed', remote: '[fd71:2::10]:80', local: 'fd71:2::51' },
        {
          type: 'directed',
          remote: '10.71.2.10:80',
          local: transport === 'node' ? '10.71.2.51:2001' : '10.71.2.51:2002',
        },
        { type: 'failover', hosts: ['10.71.2.10:9', '10.71.2.10:80'], local: '10.71.2.51' },
        { type: 'inband', local: 'fd71:2::51' },
      ] as const satisfies ChainerInput[];
      const services = ways.map((chainer, index): [string, ConfigInput['services'][string]] => {
        const mode = chainer.type === 'inband' ? 'forward' : 'reverse';
        return [`way${index}`, { mode, routes: [{ chainer }] }];
      });
      const base = transport === 'node' ? 8100 : 8200;
      const program = await lab.inbandOfTest({
        transport,
        listeners: ways.map((_, index) => ({ bind: `10.71.1.1:${base + index}`, service: `way${index}` })),
        services: Object.fromEntries(services),
      });
      for (const [index, { local, type }] of ways.entries()) {
        const to = `10.71.1.1:${base + index}`;
        const seen = await lab.client.ask({ to, ...(type === 'inband' && { path: 'http://[fd71:2::10]/' }) });
        const port = /\.\d+:(\d+)$/.exec(local)?.[1];
        expect(addressOf(seen.peer)).toBe(local.replace(/(?<=\.\d+):\d+$/, ''));
        if (port !== undefined) expect(seen.peer).toBe(local);
      }
      expect(program.lines.some((line) => line.includes(`"transport":"${transport}"`))).toBe(true);
    });
  });
});
