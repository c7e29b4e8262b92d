import { type ClientConnection, createMemoryNetwork, inetAddr } from '@inband/core';
import { expect, test } from 'vitest';
import { CertificateAuthenticator } from './certificates.ts';

const address = inetAddr('127.0.0.1', 1_024)!;
const { server: connection } = createMemoryNetwork().connectPair();

function clientWith(identity: string | undefined): ClientConnection {
  const certificate = identity === undefined ? undefined : { identity, names: [identity], subject: '', notAfter: 0 };
  const facts = { version: 'TLSv1.3', cipher: '', serverName: undefined, alpn: undefined, resumed: false };
  const tls = { ...facts, certificate, covers: () => true };
  return { id: 1, connection, address, local: address, listener: address, tls };
}

const auth = new CertificateAuthenticator({ groups: { jobs: ['spiffe://example/ci'] } });
const ask = (client: ClientConnection) => auth.authenticate({ client, credentials: undefined });

test('a client with a verified certificate is its identity, with groups', () => {
  const user = { verdict: 'user', user: 'spiffe://example/ci', groups: ['jobs'] };
  expect(ask(clientWith('spiffe://example/ci'))).toEqual(user);
  expect(ask(clientWith('ann.example'))).toEqual({ verdict: 'user', user: 'ann.example', groups: [] });
});

test('a client without a certificate, or without TLS, says nothing', () => {
  expect(ask(clientWith(undefined))).toEqual({ verdict: 'none' });
  expect(ask({ ...clientWith(undefined), tls: undefined })).toEqual({ verdict: 'none' });
});
