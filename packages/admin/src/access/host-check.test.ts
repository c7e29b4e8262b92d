import { expect, test } from 'vitest';
import { checkOrigins } from './host-check.ts';

const hosts = ['Proxy.example'];
const check = (host: string | undefined, origin?: string) => checkOrigins({ host, origin }, hosts);

test.each([
  ['localhost'],
  ['localhost:9901'],
  ['LOCALHOST:9901'],
  ['127.0.0.1:9901'],
  ['192.0.2.7'],
  ['[::1]:9901'],
  ['[2001:db8::1]'],
  ['proxy.example'],
  ['proxy.example.:9901'],
])('Host %s may be asked', (host) => {
  expect(() => check(host)).not.toThrow();
});

test.each([
  [undefined],
  [''],
  ['evil.example'],
  ['evil.example:9901'],
  ['localhost.evil.example'],
  ['127.0.0.1.evil.example'],
  ['user@localhost'],
  ['evil.example/localhost'],
  ['localhost#evil.example/'],
  ['proxy.example.evil'],
])('Host %s may not, because a name of another site may lead here', (host) => {
  expect(() => check(host)).toThrow('it has to be an address, "localhost" or one of admin.hosts');
});

test('the page of the server itself may ask, also where TLS ends before it', () => {
  expect(() => check('localhost:9901', 'http://localhost:9901')).not.toThrow();
  expect(() => check('proxy.example', 'https://proxy.example')).not.toThrow();
});

test.each([
  ['http://evil.example'],
  ['null'],
  ['http://localhost'],
  ['http://localhost:9902'],
  ['file://localhost:9901'],
  ['http://localhost:9901.evil.example'],
  ['http://127.0.0.1:9901'],
  [''],
])('a page of %j may not', (origin) => {
  expect(() => check('localhost:9901', origin)).toThrow('only the page of this server may ask');
});
