import { describe, expect, test } from 'vitest';
import { parseResolvConf, searchNames } from './resolv-conf.ts';

const defaults = {
  servers: [{ address: '127.0.0.1', port: 53 }],
  search: [],
  ndots: 1,
  timeout: 5_000,
  attempts: 2,
  rotate: false,
  useTcp: false,
  sequential: false,
  noAaaa: false,
  noTldQuery: false,
  unimplemented: [],
};

describe('parseResolvConf', () => {
  test('an empty file means a server on this machine, and the domain of its name', () => {
    expect(parseResolvConf('', 'host')).toEqual(defaults);
    expect(parseResolvConf('', 'host.corp.example').search).toEqual(['corp.example']);
  });

  test('what people write there is understood', () => {
    const text = `# by NetworkManager
; a comment
nameserver 192.0.2.53
nameserver\tfe80::1%eth0
nameserver not.an.address
nameserver 2001:DB8::53
nameserver 192.0.2.54
domain old.example
search svc.example. EXAMPLE
options ndots:5 timeout:1 attempts:3 rotate edns0 trust-ad single-request-reopen
options use-vc single-request no-aaaa no-tld-query
something else`;
    expect(parseResolvConf(text, 'host')).toEqual({
      servers: [
        { address: '192.0.2.53', port: 53 },
        { address: 'fe80::1%eth0', port: 53 },
        { address: '2001:db8::53', port: 53 },
      ],
      search: ['svc.example', 'example'],
      ndots: 5,
      timeout: 1_000,
      attempts: 3,
      rotate: true,
      useTcp: true,
      sequential: true,
      noAaaa: true,
      noTldQuery: true,
      unimplemented: [],
    });
  });

  test('a comment may stand right behind a server, and an indented line counts for nothing', () => {
    const text =
      'nameserver 192.0.2.53#first\nnameserver fe80::1%eth0;\n  nameserver 192.0.2.99\n\tsearch other.example\n;search x';
    expect(parseResolvConf(text, 'host')).toMatchObject({
      servers: [
        { address: '192.0.2.53', port: 53 },
        { address: 'fe80::1%eth0', port: 53 },
      ],
      search: [],
    });
  });

  test('numbers have the bounds of the C library', () => {
    expect(parseResolvConf('options ndots:99 timeout:999 attempts:0', 'host')).toMatchObject({
      ndots: 15,
      timeout: 30_000,
      attempts: 1,
    });
  });

  test.each([
    ['sortlist 192.0.2.0', 'sortlist'],
    ['options no-reload', 'no-reload'],
    ['options ndots:x', 'ndots:x'],
  ])('"%s" would change the meaning, and is named', (text, option) => {
    expect(parseResolvConf(text, 'host').unimplemented).toEqual([option]);
  });
});

describe('searchNames', () => {
  const conf = { search: ['a.example', 'b.example'], ndots: 1, noTldQuery: false };

  test.each([
    ['host', conf, ['host.a.example', 'host.b.example', 'host']],
    ['www.example', conf, ['www.example', 'www.example.a.example', 'www.example.b.example']],
    ['www.example', { ...conf, ndots: 2 }, ['www.example.a.example', 'www.example.b.example', 'www.example']],
    ['www.example.', conf, ['www.example']],
    ['host', { ...conf, noTldQuery: true }, ['host.a.example', 'host.b.example']],
    ['host', { ...conf, search: [] }, ['host']],
    ['host', { ...conf, ndots: 0 }, ['host', 'host.a.example', 'host.b.example']],
  ])('gives the names to ask for when %s is looked up with %j', (host, how, names) =>
    expect(searchNames(host, how)).toEqual(names),
  );

  test('what would be too long with a domain is left out', () => {
    const long = Array.from({ length: 4 }, () => 'x'.repeat(60)).join('.');
    expect(searchNames(long, { ...conf, search: ['corporation.example', 'b'] })).toEqual([long, `${long}.b`]);
  });
});
