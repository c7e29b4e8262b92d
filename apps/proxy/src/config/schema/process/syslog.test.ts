import { expect, test } from 'vitest';
import { numberOf } from '../../known/facilities.ts';
import { parseReceiver, syslog } from './syslog.ts';

test.each([
  ['unix:/dev/log', { transport: 'unix', path: '/dev/log' }],
  ['unix:@syslog', { transport: 'unix', path: '\0syslog' }],
  ['udp://192.0.2.1', { transport: 'udp', host: '192.0.2.1', port: 514 }],
  ['tcp://logs.example', { transport: 'tcp', host: 'logs.example', port: 601 }],
  ['tcp://[2001:db8::1]:1514', { transport: 'tcp', host: '2001:db8::1', port: 1514 }],
])('%s is where syslog listens', (written, receiver) => {
  expect(parseReceiver(written)).toEqual(receiver);
});

test.each([
  '/dev/log',
  'unix:dev/log',
  'unix:',
  'udp://',
  'tls://logs.example',
  'tcp://logs.example:0',
  'tcp://logs.example:65536',
  'tcp://logs.example/path',
  'tcp://2001:db8::1',
])('%s is none', (written) => {
  expect(parseReceiver(written)).toBeUndefined();
  expect(syslog.safeParse({ address: written }).error?.issues[0]?.message).toContain('expected "unix:/dev/log"');
});

test('an empty mapping is the syslog of this machine', () => {
  const address = { transport: 'unix', path: '/dev/log' };
  expect(syslog.parse({})).toEqual({ address, facility: 'daemon', tag: 'inband' });
});

test('facilities have the numbers of RFC 5424', () => {
  expect((['kern', 'daemon', 'ftp', 'local0', 'local7'] as const).map(numberOf)).toEqual([0, 3, 11, 16, 23]);
});

test('a tag is one word', () => {
  expect(syslog.safeParse({ tag: 'in band' }).success).toBe(false);
});
