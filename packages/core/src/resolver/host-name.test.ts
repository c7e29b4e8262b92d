import { describe, expect, test } from 'vitest';
import { localhostAddresses, whyNotAName } from './host-name.ts';

describe('localhostAddresses', () => {
  test.each(['localhost', 'LOCALHOST', 'localhost.', 'app.localhost', 'a.b.localhost.'])('%s is loopback', (host) => {
    expect(localhostAddresses(host)?.map((entry) => entry.address)).toEqual(['127.0.0.1', '::1']);
  });

  test.each(['localhost.example', 'notlocalhost', 'localhost.localdomain', ''])('%s is not loopback', (host) => {
    expect(localhostAddresses(host)).toBeUndefined();
  });
});

describe('whyNotAName', () => {
  test.each(['example.com', 'example.com.', 'a_b.example', 'server1', '3com.example', 'x'.repeat(63) + '.example'])(
    '%s may be a name',
    (host) => expect(whyNotAName(host)).toBeUndefined(),
  );

  test.each([
    ['', 'empty'],
    ['.', 'empty'],
    ['a..b', 'label'],
    ['.example', 'label'],
    ['x'.repeat(64) + '.example', 'label'],
    [Array.from({ length: 130 }, () => 'a').join('.'), 'longer'],
    ['a b', 'character'],
    ['a\0b', 'character'],
    ['bücher.example', 'character'],
    ['127.1', 'number'],
    ['2130706433', 'number'],
    ['0x7f000001', 'number'],
    ['1.2.3.0x4', 'number'],
    ['256.1.1.1', 'number'],
    ['1.2.3.4.', 'number'],
  ])('%j may not be a name', (host, reason) => expect(whyNotAName(host)).toContain(reason));
});
