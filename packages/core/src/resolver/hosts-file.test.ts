import { expect, test } from 'vitest';
import { hostsKey, parseHosts } from './hosts-file.ts';

test('each name has the addresses of all its lines, in their order', () => {
  const table = parseHosts(`127.0.0.1 localhost
# 127.0.0.2 commented.example
192.0.2.1\tWWW.example  www # the web server
2001:db8::1 www.example
www.example 192.0.2.9
fe80::1%eth0 scoped.example
192.0.2.300 wrong.example
192.0.2.7 complete.example.\r`);
  expect(table.get('www.example')).toEqual({
    addresses: [
      { family: 'inet', address: '192.0.2.1' },
      { family: 'inet6', address: '2001:db8::1' },
    ],
  });
  expect([...table.keys()]).toEqual(['localhost', 'www.example', 'www', 'complete.example']);
});

test('a name is looked up in lower case, without its final dot', () => {
  expect(hostsKey('WWW.Example.')).toBe('www.example');
});
