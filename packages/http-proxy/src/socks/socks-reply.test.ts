import { PROXY_ERRORS, ProxyError, type ProxyErrorCode } from '@inband/core';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { replyBytes, replyTo, SocksReply } from './socks-reply.ts';

function isCode(text: string): text is ProxyErrorCode {
  return Object.hasOwn(PROXY_ERRORS, text);
}

test('docs/socks.md says for every error how it is told', () => {
  const page = readFileSync(new URL('../../../../docs/socks.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| ([0-8]) \| [^|]* \| ([^|]*)\|$/gm);
  const documented = [...rows].flatMap(([, reply, codes = '']) =>
    [...codes.matchAll(/`(\w+)`/g)].map(([, code = '']) => [code, Number(reply)] as const),
  );
  const ofNetwork = documented.filter(([code, reply]) => code === 'destination_ip_unroutable' && reply === 3);
  expect(ofNetwork).toHaveLength(1);
  const table = Object.fromEntries(documented.filter((row) => row !== ofNetwork[0]));
  const codes = Object.keys(PROXY_ERRORS).filter(isCode);
  expect(table).toEqual(Object.fromEntries(codes.map((code) => [code, replyTo(new ProxyError(code, ''))])));
});

test('a reply has no address, in either version', () => {
  expect(replyBytes(5, SocksReply.refused).toString('hex')).toBe('05050001000000000000');
  expect(replyBytes(4, SocksReply.refused).toString('hex')).toBe('005b000000000000');
});
