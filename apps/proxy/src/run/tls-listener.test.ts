import { type Connection, createMemoryNetwork, ignoreEvents, type Logger, type MemoryNetwork } from '@inband/core';
import { loadTls, type TlsClientContext, type TlsConnection } from '@inband/tls';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { makeAuthority } from '../../../../packages/tls/test-support/certificates.ts';
import { address, connect, startOrigin } from '../../test-support/memory/memory-http.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

const FRONT = address('127.0.0.1', 8443);
const BEHIND = address('127.0.0.1', 8444);
const ORIGIN = address('127.0.0.1', 8000);

const tls = loadTls({ warn: (message) => expect.fail(message) });
const authority = makeAuthority();
let folder = '';
let context: TlsClientContext;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-tls-'));
  for (const name of ['web', 'mail']) {
    const { chain, key } = authority.issue({ names: [`${name}.example`] });
    await writeFile(join(folder, `${name}.pem`), chain + key, { mode: 0o600 });
  }
  context = tls.clientContext({ ca: [authority.cert] });
});
afterAll(async () => {
  context.release();
  await rm(folder, { recursive: true });
});

type ListenerTls = NonNullable<ConfigInput['listeners'][number]['tls']>;

function config(more: ListenerTls = {}, services: ConfigInput['services'] = {}): ConfigInput {
  const certificates = [{ cert: join(folder, 'web.pem') }];
  return {
    listeners: [{ bind: '127.0.0.1:8443', service: 'web', tls: { certificates, ...more } }],
    services: {
      web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '127.0.0.1:8000' } }] },
      ...services,
    },
  };
}

async function start(first: ConfigInput) {
  const network = createMemoryNetwork();
  const ignore = (): void => undefined;
  const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const inband = await createInband(first, { transport: network.transport(), logger });
  await startOrigin(network, ORIGIN, 'origin');
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    await vi.waitFor(() => expect(network.open).toBeLessThanOrEqual(1));
  });
  return { network, inband };
}

/** A client that speaks TLS, and what it has received. */
async function secured(network: MemoryNetwork, name: string) {
  const plain = await connect(network, '127.0.0.1', FRONT);
  const client = await new Promise<TlsConnection>((resolve, reject) => {
    tls.connect(plain, context, name, (error, connection) => {
      if (connection === undefined) reject(error ?? new Error('no connection'));
      else resolve(connection);
    });
  });
  return talking(client);
}

function talking<C extends Connection>(connection: C) {
  const peer = { connection, received: '', isClosed: false };
  connection.handler = {
    ...ignoreEvents,
    data: (bytes, from, to) => void (peer.received += bytes.toString('latin1', from, to)),
    ended: () => connection.end(),
    closed: () => void (peer.isClosed = true),
  };
  connection.resume();
  onTestFinished(() => connection.destroy());
  return peer;
}

const GET = Buffer.from('GET / HTTP/1.1\r\nHost: web.example:8443\r\n\r\n');

test('a reload with other settings of TLS keeps the socket and the connections, also those in their handshake', async () => {
  const { network, inband } = await start(config());
  const before = inband.listeners[0];
  const old = await secured(network, 'web.example');
  const half = await connect(network, '127.0.0.1', FRONT);
  half.write(Buffer.from([22]));
  await inband.reload(config({ minVersion: '1.3' }));
  expect(inband.listeners[0]).toEqual(before);
  old.connection.write(GET);
  await vi.waitFor(() => expect(old.received).toContain('200 OK'));
  const shaken = new Promise<unknown>((resolve) => {
    tls.connect(withoutFirst(half), context, 'web.example', (error, connection) => {
      connection?.destroy();
      resolve(error);
    });
  });
  expect(await shaken).toBeUndefined();
  expect((await secured(network, 'web.example')).connection.tls.version).toBe('TLSv1.3');
});

/** The same connection, on which the first byte that is written was written before. */
function withoutFirst(connection: Connection): Connection {
  const write = connection.write.bind(connection);
  let isFirst = true;
  connection.write = (bytes, from = 0, to = bytes.length) => {
    const skipped = isFirst ? 1 : 0;
    isFirst = false;
    return write(bytes, from + skipped, to);
  };
  return connection;
}

test('one listener ends TLS for one name and passes another on, untouched, to a server behind', async () => {
  const guard = {
    proxy: 'tls' as const,
    tls: { allow: 'mail.example' },
    routes: [{ chainer: { type: 'directed' as const, remote: '127.0.0.1:8444' } }],
  };
  const { network } = await start(config({ match: [{ names: 'mail.example', pass: 'mail' }] }, { mail: guard }));
  const { chain, key } = authority.issue({ names: ['mail.example'] });
  const behind = tls.serverContext({ identity: { certificate: chain, key } });
  onTestFinished(() => behind.release());
  const server = await network.transport().listen(BEHIND, {}, (connection) => {
    tls.accept(connection, behind, undefined, (_error, made) => {
      if (made !== undefined) talking(made).connection.write(Buffer.from('hello from behind'));
    });
  });
  onTestFinished(() => server.close());
  const mail = await secured(network, 'mail.example');
  await vi.waitFor(() => expect(mail.received).toBe('hello from behind'));
  const web = await secured(network, 'web.example');
  web.connection.write(GET);
  await vi.waitFor(() => expect(web.received).toContain('200 OK'));
  web.connection.write(Buffer.from('GET / HTTP/1.1\r\nHost: mail.example\r\n\r\n'));
  await vi.waitFor(() => expect(web.received).toContain(' 421 '));
});

test('at the end a client that has just connected has time for its handshake and one request', async () => {
  const { network, inband } = await start(config());
  const plain = await connect(network, '127.0.0.1', FRONT);
  const end = inband.close({ grace: 20_000 });
  const client = await new Promise<TlsConnection>((resolve, reject) => {
    tls.connect(plain, context, 'web.example', (error, made) => (made === undefined ? reject(error!) : resolve(made)));
  });
  const peer = talking(client);
  client.write(GET);
  await vi.waitFor(() => expect(peer.received).toMatch(/200 OK[\s\S]*Connection: close/));
  await end;
});
