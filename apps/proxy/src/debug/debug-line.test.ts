import { expect, test } from 'vitest';
import { debugLine } from './debug-line.ts';

const server = { family: 'inet6', address: '2001:db8::1', port: 80 } as const;
const now = new Date(0);

test('a line says when, in which process, on which channel and of which session', () => {
  const line = debugLine('pool', { event: 'hit', session: 12, client: 3, server, bound: false, connection: 5 }, now);
  const facts = 'session=12 client=3 server=[2001:db8::1]:80 bound=false connection=5';
  expect(line).toBe(`1970-01-01T00:00:00.000Z ${process.pid} pool hit ${facts}\n`);
});

test('what is not known is left out, and milliseconds have three decimals', () => {
  const line = debugLine('dial', { event: 'connected', session: 1, server, milliseconds: 1.23456 }, now);
  expect(line).toMatch(/ dial connected session=1 server=\S+ milliseconds=1\.235\n$/);
  const started = debugLine('dial', { event: 'started', session: 1, server, local: undefined, timeout: 5 }, now);
  expect(started).toMatch(/ dial started session=1 server=\S+ timeout=5\n$/);
});

test('an error is told with what the system said and the setting that concerns it', () => {
  const error = {
    code: 'connection_refused',
    message: 'It refused (ECONNREFUSED).',
    setting: undefined,
    errno: 'ECONNREFUSED',
  } as const;
  const line = debugLine('dial', { event: 'failed', session: 1, server, milliseconds: 2, error }, now);
  expect(line).toContain('error=connection_refused errno=ECONNREFUSED message="It refused (ECONNREFUSED)."');
});

test.each([
  ['a line end', 'x\r\n1970 1 pool hit', String.raw`"x\r\n1970 1 pool hit"`],
  ['an escape of a terminal', 'x\u001b[2J\u009b2J', String.raw`"x\u001b[2J\u009b2J"`],
  ['a separator of lines and a mark that turns text round', 'x\u2028\u202e', String.raw`"x\u2028\u202e"`],
  ['a quotation mark and a backslash', 'a"b\\', String.raw`"a\"b\\"`],
  ['what is beyond ASCII', 'ö\ud800', String.raw`"\u00f6\ud800"`],
  ['nothing at all', '', '""'],
])('%s that a client wrote is escaped', (_what, host, written) => {
  const message = { event: 'routed', session: 1, method: host, target: { host, port: 1 }, route: 'r', chainer: 'c' };
  const line = debugLine('session', { ...message, event: 'routed' }, now);
  expect(line).toContain(` method=${written} target=`);
  expect(line).toMatch(/^[ -~]+\n$/);
});

test('a long value is cut, so that the lines of several workers stay whole in a pipe', () => {
  const method = 'x'.repeat(10_000);
  const target = { host: method, port: 1 };
  const line = debugLine('session', { event: 'routed', session: 1, method, target, route: 'r', chainer: 'c' }, now);
  expect(line.length).toBeLessThan(1200);
  expect(line).toContain('xxx... target=');
});
