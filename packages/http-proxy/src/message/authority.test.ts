import * as fc from 'fast-check';
import { parseIp } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { perForm, runs } from '../../../../test/support/tiers/runs.ts';
import { latin1, soup } from '../../test-support/bytes.ts';
import { parseAuthority, reachedAt, reachedHost } from './authority.ts';

function parse(text: string) {
  const bytes = latin1(`<${text}>`);
  return parseAuthority(bytes, 1, bytes.length - 1);
}

describe('a host and perhaps a port', () => {
  const good: readonly (readonly [text: string, host: string, port: number | undefined])[] = [
    ['example.com', 'example.com', undefined],
    ['EXAMPLE.Com:8080', 'example.com', 8080],
    ['a', 'a', undefined],
    ['a_b-c.d9:65535', 'a_b-c.d9', 65_535],
    ['example.com.', 'example.com.', undefined],
    ['xn--bcher-kva.example:1', 'xn--bcher-kva.example', 1],
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['1.example', '1.example', undefined],
    ['[::1]', '::1', undefined],
    ['[2001:DB8:0::1]:443', '2001:db8::1', 443],
  ];
  const lax: typeof good = [
    ['a:', 'a', undefined],
    ['127.0.0.1:', '127.0.0.1', undefined],
    ['[::1]:', '::1', undefined],
    ['x-.test:8080', 'x-.test', 8080],
    ['a.-b', 'a.-b', undefined],
    ['a-.', 'a-.', undefined],
    ['r3---sn-x.example-', 'r3---sn-x.example-', undefined],
  ];
  for (const [text, host, port] of [...good, ...lax]) {
    const isLax = !good.some(([other]) => other === text);
    test(`${text} is understood${isLax ? ', and strict refuses it' : ''}`, () =>
      expect(parse(text)).toEqual({
        host,
        port,
        target: { host, port: port ?? 80 },
        secureTarget: { host, port: port ?? 443 },
        lax: isLax,
      }));
  }

  const bad = ['', ':', ':80', 'a:0', 'a:080', 'a:65536', 'a:100000', 'a:8a', 'a:+8', 'a: 8', 'a:80:80', 'a b', 'a\tb', 'a/b', 'a?b', 'a#b', 'a\\b', 'a%41', 'user@a', 'a@', '@a', 'a,b', '.', '..', '.a', 'a..b', 'a..', '-a', '-', '-a.b', "a'b", 'a*', 'é', 'a\0', '[', ']', '[]', '[::1', '::1', '[::1]80', '[::1]x', '[::1%25lo]', '[fe80::1%lo]', '[127.0.0.1]', '[v1.a]', '[::1]:80:80', '127.1', '2130706433', '0x7f.1', '0x7f000001', '127.0.0.01', '1.2.3.4.', '1.2.3.4.5', '256.1.1.1', '1.2.3', '::ffff:1.2.3.4', `${'a'.repeat(64)}.b`, 'a.'.repeat(127) + 'bc']; // prettier-ignore
  for (const text of bad) test(`${JSON.stringify(text)} is refused as one`, () => expect(parse(text)).toBeUndefined());

  test('labels of 63 and names of 253 bytes pass', () => {
    const label = 'a'.repeat(63);
    const longest = [label, label, label, 'a'.repeat(61)].join('.');
    expect(longest.length).toBe(253);
    expect(parse(`${longest}.:65535`)?.port).toBe(65_535);
    expect(parse(`${longest}a`)).toBeUndefined();
  });
});

/** RFC 3986 section 3.2.2, less what is refused on purpose, in one expression. */
function model(text: string): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]*:[0-9a-fA-F:.]*)\]|((?!-)[\w-]+(?:\.[\w-]+)*\.?))(?::([1-9]\d{0,4})?)?$/.exec(
    text,
  );
  if (match === null || Number(match[3] ?? 1) > 65_535) return undefined;
  if (match[1] !== undefined) return parseIp(match[1]) === undefined ? undefined : 'address';
  const name = match[2]!;
  const last = name.replace(/\.$/, '').split('.').at(-1)!;
  if (/^(?:\d+|0[xX].*)$/.test(last)) return parseIp(name)?.length === 4 ? 'address' : undefined;
  return name.split('.').some((label) => label.length > 63) ? undefined : name.toLowerCase();
}

test('agrees with a grammar', () => {
  const bits = soup(
    'a',
    'B',
    '1',
    '127.0.0.1',
    '0x',
    '.',
    '-',
    '_',
    ':',
    ':80',
    ':0',
    '::',
    '[',
    ']',
    '[::1]',
    '%',
    '@',
    ' ',
    'x1',
  );
  fc.assert(
    fc.property(bits, (bytes) => {
      const text = bytes.toString('latin1');
      const expected = model(text);
      const found = parse(text);
      if (expected === undefined) expect(found).toBeUndefined();
      else if (expected !== 'address') expect(found?.host).toBe(expected);
      else expect(parseIp(found!.host)).toBeDefined();
    }),
    { numRuns: runs(5000) },
  );
});

test('what was kept of one text is never given for another', () => {
  const texts = fc.array(fc.tuple(fc.stringMatching(/^[a-c]{1,3}\.[a-c]{1,2}$/), fc.integer({ min: 1, max: 65_535 })), {
    minLength: 50,
    maxLength: 3000,
  });
  fc.assert(
    fc.property(texts, (list) => {
      for (const [host, port] of list) expect(parse(`${host}:${port}`)).toMatchObject({ host, port });
    }),
    { numRuns: perForm(20, 5) },
  );
});

test('who named no host is taken to have named where it reached us', () => {
  const inet = { family: 'inet', address: '192.0.2.1' } as const;
  const inet6 = { family: 'inet6', address: '2001:db8::1' } as const;
  expect(reachedAt({ ...inet, port: 8080 })).toBe('192.0.2.1:8080');
  expect(reachedAt({ ...inet, port: 80 })).toBe('192.0.2.1');
  expect(reachedAt({ ...inet6, port: 8080 })).toBe('[2001:db8::1]:8080');
  expect(reachedAt({ ...inet, port: 443 }, true)).toBe('192.0.2.1');
  expect(reachedAt({ family: 'unix', path: '/run/x' })).toBe('localhost');
  expect(reachedHost({ ...inet6, port: 8080 })).toEqual({ host: '2001:db8::1', port: 8080 });
  expect(reachedHost({ family: 'unix', path: '/run/x' }, true)).toEqual({ host: 'localhost', port: 443 });
});
