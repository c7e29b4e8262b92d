import { expect, test } from 'vitest';
import { HostList } from './host-list.ts';
import { parseServerOrPort } from '../options/server-address.ts';

const list = (...hosts: string[]) => new HostList(hosts.map(parseServerOrPort));

test('equal servers have equal keys, and a port makes a difference', () => {
  expect(list('127.0.0.1:80', '[::1]:80', 'A.example:80', 'a.example:80', '127.0.0.1:81', 'unix:/a').keys).toEqual([
    '127.0.0.1:80',
    '[::1]:80',
    'a.example:80',
    'a.example:80',
    '127.0.0.1:81',
    'unix:/a',
  ]);
});

test('it follows the client when any port is left open', () => {
  expect(list('127.0.0.1:80', 'unix:/a').followsClient).toBe(false);
  expect(list('127.0.0.1:80', 'a.example:0').followsClient).toBe(true);
});

test('forPort fills in the port in hosts and keys', () => {
  const filled = list('127.0.0.1:0', 'a.example:0', '127.0.0.1:81').forPort(443);
  expect(filled.keys).toEqual(['127.0.0.1:443', 'a.example:443', '127.0.0.1:81']);
  expect(filled.hosts[0]).toEqual({ family: 'inet', address: '127.0.0.1', port: 443 });
  expect(filled.followsClient).toBe(false);
});

test('the same port gives the same objects, however many other ports were asked for', () => {
  const hosts = list('127.0.0.1:0');
  expect(hosts.forPort(80)).toBe(hosts.forPort(80));
  for (let port = 1; port <= 1_000; port += 1) {
    expect(hosts.forPort(port).keys).toEqual([`127.0.0.1:${port}`]);
    expect(hosts.forPort(port)).toBe(hosts.forPort(port));
  }
});
