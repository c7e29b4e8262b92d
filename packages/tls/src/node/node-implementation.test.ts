import { createMemoryNetwork, type Connection, ignoreEvents } from '@inband/core';
import { expect, test } from 'vitest';
import { encrypted, makeAuthority, selfSigned } from '../../test-support/certificates.ts';
import type { TlsHandshakeError } from '../base/handshake-error.ts';
import type { TlsClientOptions, TlsConnection, TlsServerOptions } from '../base/implementation.ts';
import { nodeImplementation as tls } from './node-implementation.ts';

const authority = makeAuthority();
const web = authority.issue({ names: ['web.example'] });
const identity = { certificate: web.chain, key: web.key };
const ca = [authority.cert];

interface Ended {
  readonly error: TlsHandshakeError | undefined;
  readonly connection: TlsConnection | undefined;
}

/** A handshake in memory, and how it ends on both sides. */
async function shake(
  server: Partial<TlsServerOptions>,
  client: TlsClientOptions,
): Promise<{ client: Ended; server: Ended }> {
  const pair = createMemoryNetwork().connectPair();
  const ended = (start: (done: (error?: TlsHandshakeError, connection?: TlsConnection) => void) => unknown) =>
    new Promise<Ended>((resolve) => start((error, connection) => resolve({ error, connection })));
  const accepting = ended((done) =>
    tls.accept(pair.server, tls.serverContext({ identity, ...server }), undefined, done),
  );
  const connecting = ended((done) => tls.connect(pair.client, tls.clientContext(client), 'web.example', done));
  return { client: await connecting, server: await accepting };
}

function echo(connection: Connection): void {
  connection.handler = {
    ...ignoreEvents,
    data: (bytes, start, end) => void connection.write(bytes, start, end),
    ended: () => connection.end(),
  };
  connection.resume();
}

test('bytes go both ways, and both sides know what was agreed', async () => {
  const { client, server } = await shake({ alpn: ['http/1.1'] }, { ca, alpn: ['h2', 'http/1.1'] });
  const facts = { version: 'TLSv1.3', serverName: 'web.example', alpn: 'http/1.1', resumed: false };
  expect(server.connection?.tls).toMatchObject(facts);
  expect(client.connection?.tls).toMatchObject({ ...facts, peer: { names: { dns: ['web.example'] } } });
  const { connection } = client;
  if (connection === undefined || server.connection === undefined) throw new Error('no connection');
  echo(server.connection);
  let received = '';
  const closed = new Promise((resolve) => {
    connection.handler = {
      ...ignoreEvents,
      data: (bytes, start, end) => void (received += bytes.toString('latin1', start, end)),
      ended: () => resolve(true),
    };
  });
  connection.resume();
  connection.write(Buffer.from('hello'));
  connection.end();
  await closed;
  expect(received).toBe('hello');
});

test('a chain that leads to no authority that is trusted is an error that says so', async () => {
  const { client } = await shake({}, { ca: [makeAuthority().cert] });
  expect(client.error).toMatchObject({ failure: 'certificate' });
});

test('nor is a certificate that is signed by its own key', async () => {
  const own = selfSigned({ names: ['web.example'] });
  const { client } = await shake({ identity: { certificate: own.chain, key: own.key } }, { ca });
  expect(client.error).toMatchObject({ failure: 'certificate', message: expect.stringContaining('self-signed') });
});

test('a client without a certificate is refused where one is required', async () => {
  const { server } = await shake({ clientAuth: 'require', ca }, { ca });
  expect(server.error).toMatchObject({ failure: 'certificate', message: 'The peer showed no certificate.' });
});

test('a key of another certificate is refused with the reason', () => {
  const { key } = authority.issue();
  expect(() => tls.serverContext({ identity: { certificate: web.chain, key } })).toThrow(/key values mismatch/);
  const locked = encrypted(web.key, 'secret');
  expect(() => tls.serverContext({ identity: { certificate: web.chain, key: locked } })).toThrow(/^OpenSSL refuses it/);
});

test.each(['unrecognized_name', 'unsupported_extension', 'handshake_failure'])(
  'the alert %s is known by its name',
  async (name) => {
    const { client, server } = createMemoryNetwork().connectPair();
    const number = { unrecognized_name: 112, unsupported_extension: 110, handshake_failure: 40 }[name] ?? 0;
    server.write(Buffer.from([21, 3, 3, 0, 2, 2, number]));
    server.resume();
    const error = await new Promise<TlsHandshakeError | undefined>((resolve) => {
      tls.connect(client, tls.clientContext({ ca }), 'web.example', resolve);
    });
    server.destroy();
    expect(error).toMatchObject({ failure: 'alert', alert: name });
  },
);
