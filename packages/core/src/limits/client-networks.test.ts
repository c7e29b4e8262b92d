import { expect, test } from 'vitest';
import { inetAddr } from '../base/address.ts';
import { ClientNetworks, USUAL_PREFIXES } from './client-networks.ts';

const networkOf = (prefixes: Partial<typeof USUAL_PREFIXES>, address: string) =>
  new ClientNetworks({ ...USUAL_PREFIXES, ...prefixes }).networkOf(inetAddr(address, 4_000)!);

test.each([
  [{}, '192.0.2.7', '192.0.2.7'],
  [{ ipv4Prefix: 24 }, '192.0.2.7', '192.0.2.0/24'],
  [{ ipv4Prefix: 9 }, '10.255.2.7', '10.128.0.0/9'],
  [{}, '::ffff:192.0.2.7', '192.0.2.7'],
  [{}, '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  [{ ipv6Prefix: 56 }, '2001:db8:1:2ff:3:4:5:6', '2001:db8:1:200::/56'],
  [{ ipv6Prefix: 128 }, '2001:db8::7', '2001:db8::7'],
])('with %j, %s is the client %s', (prefixes, address, network) => {
  expect(networkOf(prefixes, address)).toBe(network);
});

test('the answer for an address stays the same', () => {
  const networks = new ClientNetworks();
  const client = inetAddr('2001:db8::1:2:3:4', 1)!;
  expect([networks.networkOf(client), networks.networkOf(client)]).toEqual(['2001:db8::/64', '2001:db8::/64']);
});

test('clients of a unix socket are not told apart', () => {
  expect(new ClientNetworks().networkOf({ family: 'unix', path: '' })).toBeUndefined();
});
