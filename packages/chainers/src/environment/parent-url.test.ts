import { formatSockAddr } from '@inband/core';
import { expect, test } from 'vitest';
import { isName } from '../options/server-address.ts';
import { parseParentUrl } from './parent-url.ts';

function parse(text: string): string {
  const { protocol, server, resolve, user, password } = parseParentUrl(text);
  const at = isName(server) ? `${server.host}:${server.port}` : formatSockAddr(server);
  return [protocol, at, resolve, user, password].filter((part) => part !== undefined).join(' ');
}

test.each([
  ['http://proxy.example:3128', 'http proxy.example:3128 remote'],
  ['http://proxy.example:3128/', 'http proxy.example:3128 remote'],
  ['proxy.example:3128', 'http proxy.example:3128 remote'],
  ['10.0.0.1', 'http 10.0.0.1:1080 remote'],
  ['HTTP://Proxy.Example', 'http proxy.example:1080 remote'],
  ['https://proxy.example', 'https proxy.example:443 remote'],
  ['https://[2001:db8::1]:8443', 'https [2001:db8::1]:8443 remote'],
  ['socks5://127.0.0.1', 'socks5 127.0.0.1:1080 local'],
  ['socks5h://127.0.0.1:9050', 'socks5 127.0.0.1:9050 remote'],
  ['socks4://127.0.0.1', 'socks4a 127.0.0.1:1080 local'],
  ['socks4a://ann@127.0.0.1', 'socks4a 127.0.0.1:1080 remote ann'],
  ['http://ann:s%40cret@10.0.0.1:80', 'http 10.0.0.1:80 remote ann s@cret'],
  ['http://ann@corp:s:c@10.0.0.1:80', 'http 10.0.0.1:80 remote ann@corp s:c'],
  ['http://:pw@10.0.0.1:80', 'http 10.0.0.1:80 remote  pw'],
])('%s names a parent, as it does for curl', (text, expected) => {
  expect(parse(text)).toBe(expected);
});

test.each([
  ['', 'expected the URL of a proxy'],
  ['http://', 'expected the URL of a proxy'],
  ['http://proxy.example:3128/path', 'expected the URL of a proxy'],
  ['ftp://proxy.example', 'found "ftp"'],
  ['constructor://proxy.example', 'found "constructor"'],
  ['http://proxy.example:0', 'with a port from 1 to 65535'],
  ['http://a b:1', 'is not a host name'],
  ['http://ann:p%@proxy.example:1', 'write %25'],
])('%j is refused', (text, message) => {
  expect(() => parse(text)).toThrow(message);
});

test('a message does not show the password', () => {
  for (const text of ['ftp://ann:secret@a.example', 'http://ann:secret@a b', 'http://ann:secret%@a.example'])
    expect(() => parse(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('secret') }));
});
