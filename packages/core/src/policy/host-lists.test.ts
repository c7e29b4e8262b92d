import { expect, test } from 'vitest';
import { inetAddr } from '../base/address.ts';
import { HostList } from '../hosts/host-list.ts';
import type { HostSet } from '../hosts/host-set.ts';
import { HostTextReader } from '../hosts/host-text.ts';
import { AddressZones } from '../zones/zones.ts';
import { runAtOnce } from '../zones/network-text.ts';
import { compileRoutes } from '../routing/routes.ts';
import { type AccessDecision, AccessPolicy, type AccessRule } from './access-policy.ts';

function hostsOf(...lines: readonly string[]): HostSet {
  const reader = new HostTextReader();
  reader.read(Buffer.from(lines.join('\n')));
  return runAtOnce(reader.end()).hosts;
}

function policyOf(rules: readonly AccessRule[]): AccessPolicy {
  return AccessPolicy.compile(rules, { mode: 'forward', zones: new AddressZones(), path: 'services.out.access' });
}

function decide(policy: AccessPolicy, host: string): AccessDecision {
  return policy.decide({
    client: inetAddr('127.0.0.1', 40_000)!,
    server: inetAddr('8.8.8.8', 443)!,
    serverChosenBy: 'client',
    target: { host, port: 443 },
    method: 'GET',
    user: undefined,
  });
}

test('a rule with a list decides about exactly the hosts in it, and names the list', () => {
  const blocked = new HostList('blocked.txt', hostsOf('.bad.example', 'ads.example'));
  const policy = policyOf([{ action: 'deny', hosts: ['worse.example', blocked] }]);
  expect(decide(policy, 'www.BAD.example.')).toMatchObject({
    verdict: 'deny',
    rule: 'services.out.access[0]',
    list: 'blocked.txt',
  });
  expect(decide(policy, 'ads.example')).toMatchObject({ verdict: 'deny', list: 'blocked.txt' });
  expect(decide(policy, 'www.ads.example').verdict).toBe('allow');
  expect(decide(policy, 'worse.example').verdict).toBe('deny');
  expect(decide(policy, 'worse.example').list).toBeUndefined();
});

test('clients do not read in a reason which file has the host', () => {
  const policy = policyOf([{ action: 'deny', hosts: [new HostList('secret-name.txt', hostsOf('bad.example'))] }]);
  expect(decide(policy, 'bad.example').reason).toBe('The rule services.out.access[0] denies it.');
});

test('a new version of a list decides at once, and only a change raises the generation', () => {
  const list = new HostList('list.txt', hostsOf('a.example'));
  const policy = policyOf([{ action: 'deny', hosts: [list] }]);
  const { generation } = policy;
  expect(decide(policy, 'a.example').verdict).toBe('deny');
  expect(decide(policy, 'b.example').verdict).toBe('allow');
  expect(policy.generation).toBe(generation);
  list.replace(hostsOf('b.example'));
  expect(policy.generation).not.toBe(generation);
  expect(decide(policy, 'a.example').verdict).toBe('allow');
  expect(decide(policy, 'b.example').verdict).toBe('deny');
});

test('lists that overlap each decide about their own hosts', () => {
  const one = new HostList('one.txt', hostsOf('a.example', 'both.example'));
  const other = new HostList('other.txt', hostsOf('b.example', 'both.example'));
  const policy = policyOf([
    { action: 'allow', hosts: [one] },
    { action: 'deny', hosts: [other] },
  ]);
  expect(decide(policy, 'both.example')).toMatchObject({ verdict: 'allow', list: 'one.txt' });
  expect(decide(policy, 'b.example')).toMatchObject({ verdict: 'deny', list: 'other.txt' });
  expect(decide(policy, 'c.example')).toMatchObject({ verdict: 'allow', rule: 'default: allowed' });
});

test('a list of addresses is about hosts that are written as addresses', () => {
  const policy = policyOf([{ action: 'deny', hosts: [new HostList('list.txt', hostsOf('192.0.2.1', '.2.2'))] }]);
  expect(decide(policy, '192.0.2.1').verdict).toBe('deny');
  expect(decide(policy, '192.0.2.2').verdict).toBe('allow');
});

test('a route with a list is taken for its hosts, and follows it', () => {
  const list = new HostList('list.txt', hostsOf('.a.example'));
  const chainer = {} as Parameters<typeof compileRoutes>[0][number]['chainer'];
  const definitions = [
    { name: 'listed', match: { host: ['other.example', list] }, chainer },
    { name: 'rest', match: undefined, chainer },
  ];
  const routes = compileRoutes(definitions, new AddressZones());
  const client = { id: 1, address: inetAddr('127.0.0.1', 40_000)! } as never;
  const routeOf = (host: string): string | undefined =>
    routes.route({ client, target: { host, port: 80 }, method: 'GET', path: '/' })?.name;
  expect(routes.routesVary).toBe(true);
  expect(['www.a.example', 'other.example', 'b.example'].map(routeOf)).toEqual(['listed', 'listed', 'rest']);
  list.replace(hostsOf('b.example'));
  expect(['www.a.example', 'other.example', 'b.example'].map(routeOf)).toEqual(['rest', 'listed', 'listed']);
  expect(compileRoutes(definitions.slice(1), new AddressZones()).routesVary).toBe(false);
});
