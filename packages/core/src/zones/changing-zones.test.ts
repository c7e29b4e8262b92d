import { describe, expect, test } from 'vitest';
import { inetAddr, type SockAddr } from '../base/address.ts';
import { parseCidr, parseIp } from '../base/ip.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { compileRoutes } from '../routing/routes.ts';
import { AccessPolicy } from '../policy/access-policy.ts';
import { NetworkList } from './network-list.ts';
import { AddressZones } from './zones.ts';

const addr = (text: string): SockAddr => inetAddr(text, 80)!;

function listOf(...texts: string[]): NetworkList {
  const list = new NetworkList();
  for (const text of texts) list.add(parseCidr(text)!);
  return list;
}

const answers = (name: string, ...texts: string[]) => new Map([[name, texts.map((text) => parseIp(text)!)]]);

describe('the lists of a zone', () => {
  test('hold networks like its addresses, with parents, the smallest first', () => {
    const zones = new AddressZones({
      site: { addresses: ['10.0.0.0/8'], lists: [listOf('fd00:1::/48')] },
      dmz: { addresses: [], parent: 'site', lists: [listOf('10.1.0.0/16'), listOf('10.2.0.0/16', '8.8.8.8/32')] },
    });
    expect(zones.zonesOf(addr('10.1.0.1'))).toEqual(['dmz', 'site', 'private']);
    expect(zones.zonesOf(addr('10.2.0.1'))).toEqual(['dmz', 'site', 'private']);
    expect(zones.zonesOf(addr('10.3.0.1'))).toEqual(['site', 'private']);
    expect(zones.zonesOf(addr('8.8.8.8'))).toEqual(['dmz', 'site', 'public']);
    expect(zones.zonesOf(addr('fd00:1::1'))).toEqual(['site', 'private']);
  });

  test.each([
    ['a list and addresses behind it', { lists: [listOf('10.0.0.0/8')] }, { addresses: ['10.0.0.0/8'] }],
    ['addresses and a list behind them', { addresses: ['10.0.0.0/8'] }, { lists: [listOf('10.0.0.0/8')] }],
    ['two lists', { lists: [listOf('10.0.0.0/8')] }, { lists: [listOf('10.0.0.0/8')] }],
  ])('give a network that two zones claim to the first: %s', (_what, first, second) => {
    const none = { addresses: [] };
    const zones = new AddressZones({ first: { ...none, ...first }, second: { ...none, ...second } });
    expect(zones.zonesOf(addr('10.0.0.1'))).toEqual(['first', 'private']);
    expect(zones.contested).toEqual({ count: 1, zones: new Map([['second', 'first']]) });
  });

  test('are nobody else’s when one zone has a network twice', () => {
    const zones = new AddressZones({ a: { addresses: ['10.0.0.0/8'], lists: [listOf('10.0.0.0/8', '10.0.0.0/8')] } });
    expect(zones.contested.count).toBe(0);
  });

  test('are replaced one by one, and at once for whoever asks', async () => {
    const zones = new AddressZones({
      a: { addresses: ['9.0.0.0/8'], lists: [listOf('10.0.0.0/8'), listOf('11.0.0.0/8')] },
      b: { addresses: [], lists: [listOf('12.0.0.0/8')] },
    });
    expect(zones.zonesOf(addr('10.0.0.1'))).toEqual(['a', 'private']);
    const before = zones.generation;
    const replaced = zones.replaceNetworks('a', 0, listOf('13.0.0.0/8', '12.0.0.0/8'));
    expect(zones.zonesOf(addr('10.0.0.1'))).toEqual(['a', 'private']);
    expect(await replaced).toEqual({ count: 1, zones: new Map([['b', 'a']]) });
    expect(zones.generation).not.toBe(before);
    const found = ['9.0.0.1', '10.0.0.1', '11.0.0.1', '12.0.0.1', '13.0.0.1'].map(
      (text) => zones.zonesOf(addr(text))[0],
    );
    expect(found).toEqual(['a', 'private', 'a', 'a', 'a']);
  });

  test('may be replaced at the same time', async () => {
    const zones = new AddressZones({ a: { addresses: [], lists: [listOf('10.0.0.0/8'), listOf('11.0.0.0/8')] } });
    await Promise.all([zones.replaceNetworks('a', 0, listOf()), zones.replaceNetworks('a', 1, listOf('12.0.0.0/8'))]);
    expect(['10.0.0.1', '11.0.0.1', '12.0.0.1'].map((text) => zones.contains('a', addr(text)))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('that do not exist cannot be replaced, and then nothing changes', async () => {
    const zones = new AddressZones({ a: { addresses: [], lists: [listOf('10.0.0.0/8')] } });
    await expect(zones.replaceNetworks('a', 1, listOf())).rejects.toThrow(/no list 1/);
    await zones.replaceNetworks('a', 0, listOf('11.0.0.0/8'));
    expect(zones.contains('a', addr('11.0.0.1'))).toBe(true);
  });
});

describe('the names of a zone', () => {
  test('bring their addresses into it, and take the old ones out', () => {
    const zones = new AddressZones({ partners: { addresses: [], hosts: ['A.example.'], parent: 'private' } });
    expect(zones.hosts).toEqual(new Map([['a.example', 'partners']]));
    expect(zones.zonesOf(addr('8.8.8.8'))).toEqual(['public']);
    zones.replaceHosts(answers('a.example', '8.8.8.8', '2600::1'));
    expect(zones.zonesOf(addr('8.8.8.8'))).toEqual(['partners', 'private', 'public']);
    expect(zones.zonesOf(addr('2600::1'))).toEqual(['partners', 'private', 'public']);
    zones.replaceHosts(answers('a.example', '8.8.4.4'));
    expect(zones.zonesOf(addr('8.8.8.8'))).toEqual(['public']);
  });

  test('are more specific than every network, but not than the same address in a zone before', () => {
    const zones = new AddressZones({
      first: { addresses: ['8.8.8.8'] },
      names: { addresses: [], hosts: ['a.example'] },
      last: { addresses: ['8.8.4.4', '9.0.0.0/8'] },
    });
    expect(zones.replaceHosts(answers('a.example', '8.8.8.8', '8.8.4.4', '9.9.9.9'))).toEqual({
      count: 2,
      zones: new Map([
        ['names', 'first'],
        ['last', 'names'],
      ]),
    });
    expect(['8.8.8.8', '8.8.4.4', '9.9.9.9'].map((text) => zones.zonesOf(addr(text))[0])).toEqual([
      'first',
      'names',
      'names',
    ]);
  });

  test('stay when a list is replaced', async () => {
    const zones = new AddressZones({ a: { addresses: [], hosts: ['a.example'], lists: [listOf('10.0.0.0/8')] } });
    zones.replaceHosts(answers('a.example', '8.8.8.8'));
    await zones.replaceNetworks('a', 0, listOf());
    expect(zones.contains('a', addr('8.8.8.8'))).toBe(true);
  });

  test('have their address back when the zone before theirs lists it no longer', async () => {
    const zones = new AddressZones({
      trusted: { addresses: [], lists: [listOf('8.8.8.8/32')] },
      names: { addresses: [], hosts: ['a.example'] },
    });
    zones.replaceHosts(answers('a.example', '8.8.8.8'));
    expect(zones.zonesOf(addr('8.8.8.8'))).toEqual(['trusted', 'public']);
    await zones.replaceNetworks('trusted', 0, listOf('9.0.0.0/8'));
    expect(zones.zonesOf(addr('8.8.8.8'))).toEqual(['names', 'public']);
  });

  test.each([
    ['an address', '192.0.2.1', /is an address; write it in "addresses"/],
    ['an address in brackets', '[::1]', /is an address/],
    ['a pattern', '*.example', /cannot be listed/],
    ['no name', 'a b', /is not a host name/],
    ['an empty text', '', /is not a host name: it is empty/],
    ['this machine', 'db.LOCALHOST', /name the zone "loopback" instead/],
  ])('cannot be %s', (_what, host, message) => {
    const make = () => new AddressZones({ a: { addresses: [], hosts: ['b.example', host] } });
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ path: ['a', 'hosts', 1], setting: 'zones.a.hosts[1]' }));
  });

  test('belong to one zone', () => {
    const hosts = ['a.example'];
    expect(() => new AddressZones({ a: { addresses: [], hosts }, b: { addresses: [], hosts: ['A.EXAMPLE'] } })).toThrow(
      /"a.example" is in the zone "a" already/,
    );
  });
});

describe('who keeps answers follows a change:', () => {
  const zones = new AddressZones({ partners: { addresses: [], hosts: ['a.example'] } });
  const client = addr('10.0.0.1');

  test('access rules, by client and by server', () => {
    const options = { mode: 'forward', zones, path: 'services.web.access' } as const;
    const policy = AccessPolicy.compile(
      [
        { action: 'deny', clients: ['partners'] },
        { action: 'deny', servers: ['partners'] },
      ],
      options,
    );
    const target = { host: 'b.example', port: 80 };
    const decide = (server: SockAddr) =>
      policy.decide({ client, server, serverChosenBy: 'client', target, method: 'GET', user: undefined }).rule;
    zones.replaceHosts(new Map());
    const allowed = decide(addr('8.8.8.8'));
    expect(allowed).toBe('default: allowed');
    const { generation } = policy;
    zones.replaceHosts(answers('a.example', '8.8.8.8'));
    expect(policy.generation).not.toBe(generation);
    expect(decide(addr('8.8.8.8'))).toBe('services.web.access[1]');
    zones.replaceHosts(answers('a.example', '10.0.0.1'));
    expect(decide(addr('8.8.8.8'))).toBe('services.web.access[0]');
    zones.replaceHosts(new Map());
    expect(decide(addr('8.8.8.8'))).toBe(allowed);
  });

  test('routes by client', () => {
    const chainer = { kind: 'none', connectServer: () => Promise.reject(new Error('not asked')) };
    const routes = compileRoutes(
      [
        { name: 'partners', match: { client: 'partners' }, chainer },
        { name: 'others', match: undefined, chainer },
      ],
      zones,
    );
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- routes look at nothing else of a client
    const from = { address: client } as ClientConnection;
    const chosen = () =>
      routes.route({ target: { host: 'b.example', port: 80 }, method: 'GET', path: undefined, client: from })?.name;
    zones.replaceHosts(new Map());
    expect(chosen()).toBe('others');
    zones.replaceHosts(answers('a.example', '10.0.0.1'));
    expect(chosen()).toBe('partners');
  });

  test('the zone that a log line names', () => {
    const policy = AccessPolicy.compile([], { mode: 'forward', zones, path: 'services.web.access' });
    zones.replaceHosts(new Map());
    expect(policy.zoneOf(client, 'client')).toBe('private');
    zones.replaceHosts(answers('a.example', '10.0.0.1'));
    expect(policy.zoneOf(client, 'client')).toBe('partners');
    expect(policy.zoneOf({ family: 'unix', path: '/run/x' }, 'client')).toBe('loopback');
  });
});
