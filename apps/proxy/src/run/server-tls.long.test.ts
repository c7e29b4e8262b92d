import {
  createMemoryNetwork,
  type DialMessage,
  diagnostics,
  ignoreEvents,
  type MemoryNetwork,
  type SessionRecord,
  type SockAddr,
} from '@inband/core';
import { nodeImplementation, type TlsServerOptions } from '@inband/tls';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { makeAuthority, type TestCertificate } from '../../../../packages/tls/test-support/certificates.ts';
import { address, answerOnce, exchange } from '../../test-support/memory/memory-http.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { accessFields } from '../lines/access-log.ts';
import { createInband } from '../single/inband.ts';
import type { Inband, InbandOptions } from '../single/embedding.ts';

const proxy = address('127.0.0.1', 8080);
const first = address('10.0.0.9', 443);
const second = address('10.0.0.10', 443);
const authority = makeAuthority();

let folder: string;
let network: MemoryNetwork;
let inband: Inband | undefined;
let records: SessionRecord[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-server-tls-'));
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  network = createMemoryNetwork();
  records = [];
});

afterEach(async () => {
  await inband?.close({ grace: 1_000 });
  inband = undefined;
  await rm(folder, { recursive: true });
});

type Routes = NonNullable<ConfigInput['services'][string]['routes']>;
type Chainer = NonNullable<Routes[number]['chainer']>;

async function start(
  chainer: Chainer,
  mode: 'forward' | 'reverse' = 'forward',
  before: Routes = [],
  more: InbandOptions = {},
): Promise<void> {
  const config: ConfigInput = {
    listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
    services: { web: { mode, access: [{ allow: { servers: 'private' } }], routes: [...before, { chainer }] } },
  };
  inband = await createInband(config, {
    transport: network.transport(),
    baseDirectory: folder,
    onSession: (record) => records.push(record),
    ...more,
  });
}

/** An HTTPS server that answers every request with `name`. */
async function listen(where: SockAddr, shown: TestCertificate, name: string, more: Partial<TlsServerOptions> = {}) {
  const identity = { certificate: shown.chain, key: shown.key };
  const context = nodeImplementation.serverContext({ identity, ...more });
  await network.transport().listen(where, {}, (plain) => {
    nodeImplementation.accept(plain, context, undefined, (_error, connection) => {
      if (connection !== undefined) answerOnce(connection, name);
    });
  });
}

const ask = (target = 'http://web.example/') =>
  exchange(network, '192.0.2.77', proxy, `GET ${target} HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n`);

const web = authority.issue({ names: ['web.example'], addresses: ['10.0.0.9'] });
const ca = 'ca.pem';

test('a server that is written with https:// gets the request over TLS, certified for its address', async () => {
  await listen(first, web, 'first');
  await start({ type: 'directed', remote: 'https://10.0.0.9', tls: { ca } });
  expect(await ask()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*first$/);
  const [record] = records;
  expect(record && accessFields(record)).toMatchObject({
    server: '10.0.0.9:443',
    serverTls: { version: 'TLSv1.3', name: '10.0.0.9', verified: 'chain' },
  });
});

test('a server that is not certified is not used, and the reason is told', async () => {
  await listen(first, web, 'first');
  await start({ type: 'directed', remote: 'https://10.0.0.9', tls: { ca, servername: 'shop.example' } });
  const answer = await ask();
  expect(answer).toMatch(/^HTTP\/1\.1 502 /);
  expect(answer).toMatch(/Proxy-Status: .*error=tls_certificate_error;.*should be for shop\.example/);
  await vi.waitFor(() => expect(records[0]?.error?.setting).toBe('chainer.tls.servername'));
  expect(network.dialled.filter(({ family }) => family === 'inet')).toEqual([proxy, first]);
});

test('a handshake is told to subscribers, and is a span within its request', async () => {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const heard: DialMessage[] = [];
  const hear = (message: DialMessage): void => void heard.push(message);
  diagnostics.dial.subscribe(hear);
  onTestFinished(() => diagnostics.dial.unsubscribe(hear));
  await listen(first, web, 'first');
  await listen(second, web, 'second');
  await start({ type: 'failover', hosts: ['https://10.0.0.10', 'https://10.0.0.9'], tls: { ca } }, 'forward', [], {
    tracerProvider,
  });
  // The second server has the certificate of the first one.
  expect(await ask()).toMatch(/first$/);
  const dials = heard.map(({ event, server }) => [event, server]);
  expect(dials).toEqual([
    ...['started', 'securing', 'failed'].map((event) => [event, second]),
    ...['started', 'securing', 'secured', 'connected'].map((event) => [event, first]),
  ]);
  expect(heard[1]).toMatchObject({ name: '10.0.0.10' });
  expect(heard[5]).toEqual({
    event: 'secured',
    session: heard[0]?.session,
    server: first,
    version: 'TLSv1.3',
    resumed: false,
    milliseconds: expect.any(Number),
  });
  await vi.waitFor(() => expect(exporter.getFinishedSpans().at(-1)?.name).toBe('GET'));
  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ name }) => name).join()).toBe('tls handshake,connect,tls handshake,connect,first byte,GET');
  const handshakes = spans.filter(({ name }) => name === 'tls handshake');
  expect(handshakes.map(({ attributes }) => attributes)).toEqual([
    { ...peer('10.0.0.10'), 'error.type': 'tls_certificate_error' },
    { ...peer('10.0.0.9'), 'inband.server.tls.version': '1.3', 'inband.server.tls.resumed': false },
  ]);
  const whole = spans.at(-1)?.spanContext().spanId;
  expect(handshakes.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([whole, whole]);
});

const peer = (host: string) => ({
  'network.peer.address': host,
  'network.peer.port': 443,
  'inband.server.tls.name': host,
});

test('failover goes on to a server that is certified, and never to one without TLS', async () => {
  await listen(first, makeAuthority('Other').issue({ addresses: ['10.0.0.9'] }), 'first');
  await listen(second, authority.issue({ addresses: ['10.0.0.10'] }), 'second');
  await start({ type: 'failover', hosts: ['https://10.0.0.9', 'https://10.0.0.10'], tls: { ca } });
  expect(await ask()).toMatch(/second$/);
  const hosts = ['https://10.0.0.9', '10.0.0.10:80'];
  await expect(start({ type: 'failover', hosts })).rejects.toThrow(/cannot be mixed/);
});

test('a client certificate is shown to a server that asks for one, and new files are used for new connections', async () => {
  const wrong = makeAuthority('Other').issue({ usage: 'client' });
  const file = join(folder, 'client.pem');
  await writeFile(file, wrong.chain + wrong.key, { mode: 0o600 });
  await listen(first, web, 'first', { clientAuth: 'require', ca: [authority.cert] });
  await start({ type: 'directed', remote: 'https://10.0.0.9', tls: { ca, cert: 'client.pem' } });
  expect(await ask()).toMatch(/^HTTP\/1\.1 502 /);
  // It names the client only, as those of a mesh do.
  const right = authority.issue({ usage: 'client', names: [], uris: ['spiffe://example/proxy'] });
  await writeFile(file, right.chain + right.key, { mode: 0o600 });
  await vi.waitFor(async () => expect(await ask()).toMatch(/first$/), { timeout: 15_000, interval: 100 });
});

test('a server whose certificate is revoked is not used any more, by its session neither', async () => {
  const file = join(folder, 'crl.pem');
  await writeFile(file, authority.crl([]));
  await listen(first, web, 'first');
  await start({ type: 'directed', remote: 'https://10.0.0.9', tls: { ca, crl: 'crl.pem' } });
  for (let count = 0; count < 2; count += 1) expect(await ask()).toMatch(/first$/);
  await writeFile(file, authority.crl([web]));
  await vi.waitFor(async () => expect(await ask()).toMatch(/tls_certificate_error;.*revoked/), {
    timeout: 15_000,
    interval: 100,
  });
});

test('a session is resumed at the same server', async () => {
  await listen(first, web, 'first');
  await start({ type: 'directed', remote: 'https://10.0.0.9', tls: { ca, servername: 'web.example' } });
  for (let count = 0; count < 2; count += 1) expect(await ask()).toMatch(/first$/);
  await vi.waitFor(() => expect(records).toHaveLength(2));
  expect(records.map(({ session }) => session.serverTls?.resumed)).toEqual([false, true]);
});

test('each host that clients ask for has to be certified for its own name', async () => {
  await listen(address('10.0.0.9', 80), web, 'first');
  await start({ type: 'inband', tls: { ca } });
  expect(await ask('http://10.0.0.9/')).toMatch(/first$/);
  await listen(address('10.0.0.10', 80), web, 'second');
  expect(await ask('http://10.0.0.10/')).toMatch(/error=tls_certificate_error/);
});

describe('an https:// URL that a client asks a forward proxy for', () => {
  test('is sent over TLS by a chainer that speaks it, at port 443', async () => {
    await listen(first, web, 'first');
    await start({ type: 'inband', tls: { ca } });
    expect(await ask('https://10.0.0.9/path')).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*first$/);
    expect(records[0]?.session.target).toEqual({ host: '10.0.0.9', port: 443 });
  });

  test('is refused by a chainer that does not, also where another route speaks it', async () => {
    await start({ type: 'inband' });
    expect(await ask('https://10.0.0.9/')).toMatch(/^HTTP\/1\.1 501 /);
    await inband?.close();
    await start({ type: 'inband' }, 'forward', [
      { match: { host: 'web.example' }, chainer: { type: 'inband', tls: { ca } } },
    ]);
    // The second time the route is known.
    for (let count = 0; count < 2; count += 1) expect(await ask('https://10.0.0.9/')).toMatch(/^HTTP\/1\.1 501 /);
    expect(network.dialled.filter((dialled) => dialled.family === 'inet' && dialled.port !== 8080)).toEqual([]);
  });
});

describe('a server that ends the connection without close_notify', () => {
  /** Sends `answer`, and then FIN without a word of TLS. */
  const cutAfter = async (answer: string) => {
    const context = nodeImplementation.serverContext({ identity: { certificate: web.chain, key: web.key } });
    await network.transport().listen(first, {}, (plain) => {
      nodeImplementation.accept(plain, context, undefined, (_error, connection) => {
        if (connection === undefined) return;
        connection.handler = {
          ...ignoreEvents,
          data() {
            const write = plain.write.bind(plain);
            plain.write = (...bytes) => {
              const isKeepingUp = write(...bytes);
              plain.end();
              return isKeepingUp;
            };
            connection.write(Buffer.from(answer));
          },
        };
        connection.resume();
      });
    });
    await start({ type: 'directed', remote: 'https://10.0.0.9', tls: { ca } });
    await ask();
    return vi.waitUntil(() => records[0]);
  };

  test('has cut an answer whose end is the end of the connection', async () => {
    const { error } = await cutAfter('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf');
    expect(error?.fault).toBe('server');
  });

  test('has sent the whole of an answer with a length', async () => {
    const { error, bytesOut } = await cutAfter('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole');
    expect([error, bytesOut]).toEqual([undefined, 5]);
  });
});
