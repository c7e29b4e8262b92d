import type { ClientTls } from '@inband/core';
import { expect, test } from 'vitest';
import { sessionRecord } from '../../test-support/session-record.ts';
import { firstAttributes, lastAttributes } from './attributes.ts';

const REQUEST = { url: '/a', minor: 1, traceparent: undefined, tracestate: undefined };
const ENDED = {
  event: 'ended',
  session: 1,
  kind: 'request',
  verdict: 'accepted',
  rule: undefined,
  status: 200,
  bytesIn: 0,
  bytesOut: 0,
  milliseconds: 1,
  wait: 1,
  reused: false,
  aborted: false,
  error: undefined,
} as const;

const tls: ClientTls = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  serverName: 'web.example',
  alpn: 'http/1.1',
  resumed: true,
  certificate: { identity: 'ann.example', names: ['ann.example'], subject: 'CN=ann', notAfter: 0 },
  covers: () => true,
};

test('TLS with the client is known from the beginning, in the words of the conventions', () => {
  const { session } = sessionRecord({}, { method: 'GET', tls });
  expect(firstAttributes(session, REQUEST)).toMatchObject({
    'tls.protocol.name': 'tls',
    'tls.protocol.version': '1.3',
    'tls.cipher': 'TLS_AES_128_GCM_SHA256',
    'tls.resumed': true,
    'tls.client.server_name': 'web.example',
    'tls.next_protocol': 'http/1.1',
    'tls.client.subject': 'CN=ann',
    // To a forward proxy TLS is only the way there.
    'url.scheme': 'http',
  });
  const bare = { ...tls, serverName: undefined, alpn: undefined, certificate: undefined };
  const keys = Object.keys(firstAttributes(sessionRecord({}, { method: 'GET', tls: bare }).session, REQUEST));
  expect(keys.filter((key) => key.startsWith('tls.'))).toEqual([
    'tls.protocol.name',
    'tls.protocol.version',
    'tls.cipher',
    'tls.resumed',
  ]);
});

test('TLS with the server is known at the end', () => {
  const serverTls = {
    version: 'TLSv1.2',
    cipher: 'C',
    serverName: 'a.example',
    verified: 'chain',
    resumed: false,
  } as const;
  expect(lastAttributes(sessionRecord({}, { method: 'GET', serverTls }).session, ENDED)).toMatchObject({
    'inband.server.tls.version': '1.2',
    'inband.server.tls.cipher': 'C',
    'inband.server.tls.name': 'a.example',
    'inband.server.tls.verified': 'chain',
    'inband.server.tls.resumed': false,
  });
});

test('without TLS there is nothing of it', () => {
  const { session } = sessionRecord({}, { method: 'GET' });
  const keys = Object.keys({ ...firstAttributes(session, REQUEST), ...lastAttributes(session, ENDED) });
  expect(keys.filter((key) => key.includes('tls'))).toEqual([]);
});

test('a client of SOCKS is one of that protocol', () => {
  const { session } = sessionRecord({}, { method: 'CONNECT', protocol: 'socks5' });
  expect(firstAttributes(session, { ...REQUEST, url: 'a.example:443' })).toMatchObject({
    'network.protocol.name': 'socks',
    'network.protocol.version': '5',
  });
});
