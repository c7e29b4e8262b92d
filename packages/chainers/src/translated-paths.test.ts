import { formatSockAddr, type Resolver, type Session } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { addr, establishingLab, refusal, type LabOptions } from '../../core/test-support/establishing.ts';
import { FakeResolver } from '../../../test/chainers/fake-establisher.ts';
import { FailoverChainer } from './failover.ts';
import { InbandChainer } from './inband.ts';
import { parseServerAddress } from './options/server-address.ts';

// Chainers together with what establishConnection makes of their addresses: forged, and translated.

const both = { 'a.example': ['fd00::80', '10.0.0.80'], 'v6.example': ['fd00::80'], 'v4.example': ['10.0.0.80'] };
const access = [{ action: 'allow', servers: ['0.0.0.0/0', '::/0'] }] as const;

async function setUp(servers: readonly string[], options: LabOptions = {}, names = both) {
  const lab = await establishingLab(servers, { access, ...options });
  const resolver: Resolver = new FakeResolver(names);
  const deps = { establishConnection: lab.establisher('client'), resolver };
  const attempted = (session: Session): string[] =>
    (session.attempts ?? []).map(({ address }) => formatSockAddr(address));
  return { ...lab, deps, attempted };
}

describe('forging', () => {
  test('only addresses of the client’s family are tried, whichever client came before', async () => {
    const { session, deps, network } = await setUp(['10.0.0.80:80', '[fd00::80]:80']);
    const chainer = new InbandChainer({ forgeAddr: true }, deps);
    for (const [client, server] of [
      ['10.0.0.7', '10.0.0.80'],
      ['fd00::7', 'fd00::80'],
      ['10.0.0.8', '10.0.0.80'],
      ['fd00::8', 'fd00::80'],
    ] as const) {
      const connection = await chainer.connectServer(session(client), 'a.example', 80);
      expect([connection.local, connection.remote]).toMatchObject([{ address: client }, { address: server }]);
    }
    expect(network.dialled).toHaveLength(4);
  });

  test.each([
    ['10.0.0.7', 'v6.example', 'IPv4'],
    ['fd00::7', 'v4.example', 'IPv6'],
  ])('a client %s is told that %s has no %s address', async (client, name, version) => {
    const { session, deps, network } = await setUp([]);
    const chainer = new InbandChainer({ forgeAddr: true }, deps);
    const error = await refusal(chainer.connectServer(session(client), name, 80));
    expect(error).toMatchObject({ code: 'destination_ip_unroutable', setting: 'chainer.forgeAddr' });
    expect(error.message).toContain(`no ${version} address`);
    expect(network.dialled).toEqual([]);
  });

  test('an address in the request of another family is refused as well', async () => {
    const { session, deps } = await setUp([]);
    const chainer = new InbandChainer({ forgeAddr: true }, deps);
    const error = await refusal(chainer.connectServer(session('10.0.0.7'), 'fd00::80', 80));
    expect(error).toMatchObject({ code: 'destination_ip_unroutable', setting: 'chainer.forgeAddr' });
  });

  test('a failover host of the other family is skipped for that client, and not marked as down', async () => {
    const { session, deps } = await setUp(['10.0.0.80:80', '[fd00::80]:80']);
    const hosts = ['[fd00::80]:80', '10.0.0.80:80'].map(parseServerAddress);
    const chainer = new FailoverChainer({ hosts, forgeAddr: true, policy: 'sticky' }, deps);
    const reached = async (client: string) => (await chainer.connectServer(session(client), 'x', 1)).remote;
    expect(await reached('10.0.0.7')).toMatchObject({ address: '10.0.0.80' });
    expect(await reached('fd00::7')).toMatchObject({ address: 'fd00::80' });
    expect(await reached('10.0.0.7')).toMatchObject({ address: '10.0.0.80' });
  });
});

describe('translating', () => {
  test('the address that won is remembered as it was resolved, and its idle connection is found again', async () => {
    const nat = [{ action: 'dnat', servers: ['10.0.0.80'], to: '192.168.7.9' }] as const;
    const { session, deps, network, attempted } = await setUp(['192.168.7.9:80'], { nat });
    const chainer = new InbandChainer({}, deps);
    const first = session('10.0.0.7');
    const connection = await chainer.connectServer(first, 'a.example', 80);
    expect(attempted(first)).toEqual(['[fd00::80]:80', '192.168.7.9:80']);
    expect(first).toMatchObject({ serverAddress: addr('192.168.7.9:80'), resolvedAddress: addr('10.0.0.80:80') });
    connection.release();
    expect(chainer.connectServer(session('10.0.0.7'), 'a.example', 80)).toBe(connection);
    expect(network.dialled).toHaveLength(2);
  });

  test('a race that is lost tells where the failure was that says most', async () => {
    const nat = [{ action: 'dnat', servers: ['fd00::80'], to: 'fd00::99' }] as const;
    const rules = ['fd00::/16', '0.0.0.0/0'].map((servers) => ({ action: 'allow', servers: [servers] }) as const);
    const { session, deps, network } = await setUp([], { nat, access: rules });
    network.unreachable(addr('10.0.0.80:80'));
    const whose = session('10.0.0.7');
    const error = await refusal(new InbandChainer({}, deps).connectServer(whose, 'a.example', 80));
    expect(error).toMatchObject({ code: 'connection_refused', address: addr('[fd00::99]:80') });
    expect(whose).toMatchObject({ serverAddress: addr('[fd00::99]:80'), resolvedAddress: addr('[fd00::80]:80') });
    // The decision, too, is that about this address, not about the one that was tried last.
    expect(whose.decision).toMatchObject({ verdict: 'allow', rule: expect.stringMatching(/access\[0\]$/) });
  });

  test('from an IPv6 address an IPv4 server is reached through NAT64', async () => {
    const nat = [{ action: 'dnat', embedIn: '2001:db8:64::/96' }] as const;
    const { session, deps } = await setUp(['[2001:db8:64::a00:50]:80'], { nat });
    const local = { family: 'inet6', address: 'fd00::9', port: 0 } as const;
    const chainer = new InbandChainer({ local }, deps);
    const connection = await chainer.connectServer(session('10.0.0.7'), 'v4.example', 80);
    expect(connection.remote).toEqual(addr('[2001:db8:64::a00:50]:80'));
    await chainer.connectServer(session('10.0.0.7'), '10.0.0.80', 80);
  });

  test('a failover marks the host that it was told, not what it is translated to', async () => {
    const nat = [{ action: 'dnat', servers: ['10.0.0.81'], to: '192.168.7.9' }] as const;
    const { session, deps, attempted } = await setUp(['10.0.0.80:80'], { nat });
    const hosts = ['10.0.0.81:80', '10.0.0.80:80'].map(parseServerAddress);
    const chainer = new FailoverChainer({ hosts, policy: 'rotate' }, deps);
    const whose = session('10.0.0.7');
    await chainer.connectServer(whose, 'x', 1);
    expect(attempted(whose)).toEqual(['192.168.7.9:80', '10.0.0.80:80']);
    const next = session('10.0.0.7');
    await chainer.connectServer(next, 'x', 1);
    expect(attempted(next)).toEqual(['10.0.0.80:80']);
  });
});
