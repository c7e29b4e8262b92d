import { describe, expect, test } from 'vitest';
import { normaliseServer, parseLocalAddress, parseServerAddress, parseServerOrPort } from './server-address.ts';

describe('parseServerAddress', () => {
  test.each([
    ['192.0.2.1:80', { family: 'inet', address: '192.0.2.1', port: 80 }],
    ['[2001:DB8:0::1]:443', { family: 'inet6', address: '2001:db8::1', port: 443 }],
    ['[::ffff:192.0.2.1]:80', { family: 'inet', address: '192.0.2.1', port: 80 }],
    ['Server.Example:8080', { host: 'server.example', port: 8080 }],
    ['my_host.example.:1', { host: 'my_host.example.', port: 1 }],
    ['unix:/run/app.sock', { family: 'unix', path: '/run/app.sock' }],
    ['unix:/run/a:1', { family: 'unix', path: '/run/a:1' }],
  ])('takes %s apart', (text, expected) => expect(parseServerAddress(text)).toEqual(expected));

  test.each([
    ['', 'host:port'],
    ['server.example', 'host:port'],
    [':80', 'host:port'],
    ['server.example:', 'host:port'],
    ['server.example:0', '1 to 65535'],
    ['server.example:65536', '1 to 65535'],
    ['server.example:080', '1 to 65535'],
    ['server.example: 80', '1 to 65535'],
    ['::1:80', 'in brackets'],
    ['[::1', 'not a host name'],
    ['[nonsense]:80', 'not a host name'],
    ['[192.0.2.1]:80', 'not a host name'],
    ['10.0.0.300:80', 'not an IPv4 address'],
    ['127.1:80', 'not an IPv4 address'],
    ['http://server.example:80', 'host:port without a scheme'],
    ['user@server.example:80', 'not a host name'],
    ['-a.example:80', 'not a host name'],
    ['a..example:80', 'not a host name'],
    ['bücher.example:80', 'not a host name'],
    [`${'x'.repeat(64)}.example:80`, 'not a host name'],
    ['unix:relative.sock', 'absolute path'],
    [`unix:/${'x'.repeat(107)}`, '107 bytes, and this one has 108'],
  ])('%j is refused', (text, message) => expect(() => parseServerAddress(text)).toThrow(message));
});

test.each([
  ['192.0.2.1:0', { family: 'inet', address: '192.0.2.1', port: 0 }],
  ['server.example:0', { host: 'server.example', port: 0 }],
  ['[::1]:80', { family: 'inet6', address: '::1', port: 80 }],
  ['https://server.example', { host: 'server.example', port: 443, tls: true }],
  ['HTTPS://Server.Example:8443/', { host: 'server.example', port: 8443, tls: true }],
  ['https://[2001:db8::1]', { family: 'inet6', address: '2001:db8::1', port: 443, tls: true }],
  ['https://192.0.2.1:0', { family: 'inet', address: '192.0.2.1', port: 0, tls: true }],
  ['http://server.example', { host: 'server.example', port: 80, tls: false }],
])('parseServerOrPort takes %s', (text, expected) => expect(parseServerOrPort(text)).toEqual(expected));

test.each(['192.0.2.1', '192.0.2.1:00', '192.0.2.1:65536', ':0'])('parseServerOrPort refuses %j', (text) => {
  expect(() => parseServerOrPort(text)).toThrow('with a port from 0 to 65535');
});

test('normaliseServer makes an address of a literal, in brackets or not, and leaves an address alone', () => {
  const addr = { family: 'inet6', address: '::1', port: 80 } as const;
  expect(normaliseServer({ host: '[::1]', port: 80 })).toEqual(addr);
  expect(normaliseServer({ host: '127.0.0.1', port: 80 })).toEqual({ family: 'inet', address: '127.0.0.1', port: 80 });
  expect(normaliseServer(addr)).toBe(addr);
});

test.each([
  ['https://server.example/path', 'without a path: "https://server.example"'],
  ['https://server.example?', 'without a path'],
  ['https://me:secret@server.example', 'without a user'],
  ['https://', 'host:port'],
  ['https://server.example:', 'host:port'],
  ['https://bücher.example', 'not a host name'],
  ['https://unix:/run/app.sock', 'without a path'],
])('parseServerOrPort refuses the URL %j', (text, message) => {
  expect(() => parseServerOrPort(text)).toThrow(message);
});

describe('parseLocalAddress', () => {
  test.each([
    ['192.0.2.1', 'inet', '192.0.2.1', 0],
    ['192.0.2.1:0', 'inet', '192.0.2.1', 0],
    ['192.0.2.1:4000', 'inet', '192.0.2.1', 4000],
    ['::1', 'inet6', '::1', 0],
    ['[::1]', 'inet6', '::1', 0],
    ['[::1]:0', 'inet6', '::1', 0],
  ])('takes %s apart', (text, family, address, port) =>
    expect(parseLocalAddress(text)).toEqual({ family, address, port }),
  );

  test.each(['', 'localhost', 'localhost:0', '192.0.2.1:', '192.0.2.1:65536', '[192.0.2.1]', '[::1]:x', '300.0.0.1'])(
    '%j is refused',
    (text) => expect(() => parseLocalAddress(text)).toThrow('expected an IP address'),
  );
});
