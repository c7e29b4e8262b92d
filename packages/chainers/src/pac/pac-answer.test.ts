import type { ProxyError } from '@inband/core';
import { expect, test } from 'vitest';
import { parsePacAnswer } from './pac-answer.ts';

function parse(answer: string): { readonly entries: readonly string[]; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  const entries = parsePacAnswer(answer, (entry) => unknown.push(entry));
  const texts = entries.map((entry) => (entry.type === 'direct' ? 'DIRECT' : `${entry.protocol} ${entry.text}`));
  return { entries: texts, unknown };
}

test.each<[string, string[]]>([
  ['DIRECT', ['DIRECT']],
  ['', ['DIRECT']],
  [' ; ', ['DIRECT']],
  ['PROXY a.example:3128', ['http PROXY a.example:3128']],
  ['proxy A.Example:3128;direct;', ['http PROXY a.example:3128', 'DIRECT']],
  ['PROXY a', ['http PROXY a:80']],
  ['HTTPS a', ['https HTTPS a:443']],
  ['HTTP a:1', ['http PROXY a:1']],
  ['SOCKS a; SOCKS4 b:1; SOCKS5 c', ['socks4a SOCKS4 a:1080', 'socks4a SOCKS4 b:1', 'socks5 SOCKS5 c:1080']],
  ['PROXY [2001:db8::1]:3128; PROXY [2001:db8::2]', ['http PROXY [2001:db8::1]:3128', 'http PROXY [2001:db8::2]:80']],
  ['PROXY a:80; DIRECT; PROXY a; DIRECT', ['http PROXY a:80', 'DIRECT']],
])('the answer %j is understood in its order, each way once', (answer, entries) => {
  expect(parse(answer)).toEqual({ entries, unknown: [] });
});

test.each<[string, string[]]>([
  ['QUIC a:443; PROXY a:1', ['QUIC a:443']],
  ['PROXY; PROXY a:0; PROXY a b; PROXY unix:/a:1; PROXY a:1', ['PROXY', 'PROXY a:0', 'PROXY a b', 'PROXY unix:/a:1']],
  ['constructor a:1; PROXY http://a:1; PROXY a:1', ['constructor a:1', 'PROXY http://a:1']],
])('in the answer %j what cannot be understood is left out and told', (answer, unknown) => {
  expect(parse(answer)).toEqual({ entries: ['http PROXY a:1'], unknown });
});

test('an answer of which nothing is left is no direct connection', () => {
  expect(() => parse('PROXIE a:1')).toThrow(
    expect.objectContaining({ code: 'proxy_configuration_error', setting: 'chainer' } satisfies Partial<ProxyError>),
  );
});
