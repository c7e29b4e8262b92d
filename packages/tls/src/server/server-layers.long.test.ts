import {
  createMemoryNetwork,
  ignoreEvents,
  type Connection,
  type ConnectionLayer,
  type LayeredConnection,
  type ServerTlsSettings,
  type Session,
} from '@inband/core';
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { makeAuthority, selfSigned, type TestCertificate } from '../../test-support/certificates.ts';
import type { HandshakeOutcome } from '../base/facts.ts';
import type { TlsImplementation, TlsServerContext, TlsServerOptions } from '../base/implementation.ts';
import { PeerCertificate } from '../base/peer-certificate.ts';
import { opensslImplementation } from '../implementation/openssl-implementation.ts';
import { nodeImplementation } from '../node/node-implementation.ts';
import type { ClientIdentity, Followed, ServerTrust } from './layer-context.ts';
import { ServerLayers } from './server-layers.ts';

const authority = makeAuthority();
let tls: TlsImplementation;
const web = authority.issue({ names: ['web.example'], addresses: ['192.0.2.9'] });
const DEFAULTS: ServerTlsSettings = {
  verify: true,
  servername: undefined,
  ca: ['ca.pem'],
  crl: undefined,
  cert: undefined,
  key: undefined,
  pin: [],
  minVersion: '1.2',
};

/** A file whose content changes when a test says so. */
class Changing<Value> implements Followed<Value> {
  current: Value;
  readonly #listeners = new Set<() => void>();

  constructor(first: Value) {
    this.current = first;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  change(next: Value): void {
    this.current = next;
    for (const listener of this.#listeners) listener();
  }
}

const trusting = (cert: string) => new Changing<ServerTrust>(trustOf(cert));

function trustOf(cert: string, crl: readonly string[] = [], nextUpdate?: number): ServerTrust {
  return { ca: [cert], crl, nextUpdate, hash: [cert, ...crl].join('') };
}

interface Asked {
  readonly settings?: Partial<ServerTlsSettings>;
  readonly trust?: Followed<ServerTrust>;
  readonly identity?: Followed<ClientIdentity | undefined>;
  readonly onHandshake?: (outcome: HandshakeOutcome) => void;
}

function layers({ settings, trust = trusting(authority.cert), identity, onHandshake }: Asked = {}): ServerLayers {
  const made = new ServerLayers({
    settings: { ...DEFAULTS, ...settings },
    implementation: tls,
    trust,
    identity,
    onHandshake,
  });
  opened.push(() => made.close());
  return made;
}

/** A context of a server, which is released after the test. */
function serverContext(options: TlsServerOptions): TlsServerContext {
  const context = tls.serverContext(options);
  opened.push(() => context.release());
  return context;
}

/** What ends what a test has made: other files of this process count what is left. */
const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0).toReversed()) close();
});

const address = { family: 'inet', address: '192.0.2.9', port: 443 } as const;

/** A connection by `layer` to a server with a certificate, in memory. What it sends first is read, so that tickets have arrived. */
function connect(layer: ConnectionLayer, shown: TestCertificate, server: Partial<TlsServerOptions> = {}) {
  const identity = { certificate: shown.chain, key: shown.key };
  return connectTo(layer, serverContext({ identity, ...server }));
}

async function connectTo(layer: ConnectionLayer, server: TlsServerContext) {
  const network = createMemoryNetwork();
  const pair = network.connectPair({ server: address });
  const accepted = Promise.withResolvers<string | undefined>();
  tls.accept(pair.server, server, undefined, (error, connection) => {
    accepted.resolve(connection?.tls.serverName);
    connection?.write(Buffer.from('hello'));
    if (error !== undefined) pair.server.destroy();
  });
  try {
    const connection = await wrapped(layer, pair.client);
    const read = new Promise<Error | undefined>((resolve) => {
      connection.handler = { ...ignoreEvents, data: () => resolve(undefined), closed: resolve };
    });
    connection.resume();
    const error = await read;
    if (error !== undefined) throw error;
    return { facts: connection.serverTls, sentName: await accepted.promise, error: undefined };
  } catch (error) {
    return { facts: undefined, sentName: undefined, error };
  } finally {
    pair.client.destroy();
    pair.server.destroy();
  }
}

function wrapped(layer: ConnectionLayer, plain: Connection): Promise<LayeredConnection> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- layers of TLS look at the session only where somebody subscribes
  return layer.wrap(plain, {} as Session);
}

const identityOf = ({ chain, key }: TestCertificate): ClientIdentity => ({ certificate: chain, key, hash: key });
const pinOf = ({ cert }: TestCertificate) => `sha256/${new PeerCertificate(new X509Certificate(cert).raw).keyPin}`;
const message = (expected: RegExp) => expect.objectContaining({ message: expect.stringMatching(expected) });

describe.each([opensslImplementation(), nodeImplementation])('with $name', (implementation) => {
  beforeAll(() => void (tls = implementation));

  describe('a server that is the right one', () => {
    test('is certified for its name, which is sent', async () => {
      const { facts, sentName } = await connect(layers().layerFor('Web.example.'), web);
      expect(sentName).toBe('web.example');
      expect(facts).toEqual({
        version: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        serverName: 'web.example',
        verified: 'chain',
        resumed: false,
      });
    });

    test('is certified for its address, which is not sent', async () => {
      const { facts, sentName } = await connect(layers().layerFor('192.0.2.9'), web);
      expect([facts?.serverName, sentName]).toEqual(['192.0.2.9', undefined]);
    });

    test('is certified for what the setting says, whatever it is known by', async () => {
      const { facts } = await connect(
        layers({ settings: { servername: 'web.example' } }).layerFor('other.example'),
        web,
      );
      expect(facts).toMatchObject({ serverName: 'web.example', verified: 'chain' });
    });

    test('has the pinned key, and nothing else is verified if that is said', async () => {
      const own = selfSigned({ names: ['other.example'] });
      const settings = { verify: false, pin: [pinOf(web), pinOf(own)] };
      expect((await connect(layers({ settings }).layerFor('web.example'), own)).facts).toMatchObject({
        verified: 'pin',
      });
    });

    test('may be anybody if that is said', async () => {
      const { facts } = await connect(layers({ settings: { verify: false } }).layerFor('web.example'), selfSigned());
      expect(facts).toMatchObject({ verified: 'no' });
    });

    test('gets the client certificate where it asks for one', async () => {
      const client = authority.issue({ names: ['proxy.example'], usage: 'client' });
      const identity = new Changing<ClientIdentity | undefined>(identityOf(client));
      const layer = layers({ identity }).layerFor('web.example');
      const server: Partial<TlsServerOptions> = { clientAuth: 'require', ca: [authority.cert] };
      expect((await connect(layer, web, server)).facts).toMatchObject({ verified: 'chain' });
      expect((await connect(layers().layerFor('web.example'), web, server)).facts).toBeUndefined();
    });

    test('resumes a session, and is verified again', async () => {
      const context = serverContext({ identity: { certificate: web.chain, key: web.key } });
      const made = layers();
      expect((await connectTo(made.layerFor('web.example'), context)).facts).toMatchObject({ resumed: false });
      const { facts, error } = await connectTo(made.layerFor('web.example'), context);
      expect(error).toBeUndefined();
      expect(facts).toMatchObject({ resumed: true, verified: 'chain', serverName: 'web.example' });
    });

    test('is verified anew when another certificate of its chain has expired since', async () => {
      const short = makeAuthority('Short', { notAfter: new Date(Date.now() + 3_600_000) });
      const shown = short.issue({ names: ['web.example'] });
      const context = serverContext({ identity: { certificate: shown.chain, key: shown.key } });
      const made = layers({ trust: trusting(short.cert) });
      const resumes = async () => (await connectTo(made.layerFor('web.example'), context)).facts?.resumed;
      expect([await resumes(), await resumes(), await resumes()]).toEqual([false, true, true]);
      vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 2 * 3_600_000);
      onTestFinished(() => void vi.restoreAllMocks());
      // The clock of OpenSSL is the real one.
      expect(await resumes()).toBe(false);
    });

    test('is counted by how its handshake ended, and so is one that is not the right one', async () => {
      const outcomes: HandshakeOutcome[] = [];
      const context = serverContext({ identity: { certificate: web.chain, key: web.key } });
      const made = layers({ onHandshake: (outcome) => outcomes.push(outcome) });
      await connectTo(made.layerFor('web.example'), context);
      await connectTo(made.layerFor('web.example'), context);
      await connectTo(made.layerFor('other.example'), context);
      await connect(made.layerFor('web.example'), selfSigned({ names: ['web.example'] }));
      expect(outcomes).toEqual(['full', 'resumed', 'failed', 'failed']);
    });
  });

  describe('a server that is not the right one', () => {
    const cases: readonly [string, Asked, TestCertificate, string, RegExp, string | undefined][] = [
      [
        'of an authority that is not trusted',
        {},
        makeAuthority('Other').issue({ names: ['web.example'] }),
        'web.example',
        /192\.0\.2\.9:443 \(web\.example\): its certificate leads to no authority that is trusted: .*belongs in tls\.ca\.$/,
        'chainer.tls.ca',
      ],
      [
        'with a certificate of its own',
        {},
        selfSigned({ names: ['web.example'] }),
        'web.example',
        /self-signed certificate/,
        'chainer.tls.ca',
      ],
      [
        'for another name',
        {},
        web,
        'shop.example',
        /was issued for web\.example, 192\.0\.2\.9, and it should be for shop\.example\. Another name belongs in tls\.servername\.$/,
        'chainer.tls.servername',
      ],
      ['for another address', {}, web, '192.0.2.8', /should be for 192\.0\.2\.8/, 'chainer.tls.servername'],
      [
        'that has expired',
        {},
        authority.issue({ names: ['web.example'], notBefore: new Date(0), notAfter: new Date(1e12) }),
        'web.example',
        /is not good: certificate has expired/,
        undefined,
      ],
      [
        'with another key than the pinned one',
        { settings: { pin: [`sha256/${'A'.repeat(43)}=`] } },
        web,
        'web.example',
        /its public key is sha256\/.{44}, which is none of tls\.pin/,
        'chainer.tls.pin',
      ],
      [
        'without a name',
        { settings: { servername: '' } },
        web,
        '',
        /a name, but none is known/,
        'chainer.tls.servername',
      ],
    ];

    test.each(cases)('is refused if it is one %s', async (_what, asked, shown, name, expected, setting) => {
      const { error } = await connect(layers(asked).layerFor(name), shown);
      expect(error).toEqual(message(expected));
      expect(error).toMatchObject({ code: 'tls_certificate_error', status: 502, setting, address });
    });
  });

  describe('the id of a layer, by which connections are pooled', () => {
    const id = (asked: Asked, name = 'web.example') => layers(asked).layerFor(name).id;

    test('is the same for the same settings and files', () => {
      expect(id({ settings: { pin: ['a', 'b'] } })).toBe(id({ settings: { pin: ['b', 'a'] } }));
      expect(id({}, 'WEB.example.')).toBe(id({}));
    });

    test.each<[string, Asked, string?]>([
      ['the name', {}, 'shop.example'],
      ['the name in the settings', { settings: { servername: 'shop.example' } }],
      ['whether servers are verified', { settings: { verify: false } }],
      ['the pins', { settings: { pin: ['a'] } }],
      ['the lowest version', { settings: { minVersion: '1.3' } }],
      ['the authorities', { trust: trusting('other') }],
      ['the client certificate', { identity: new Changing({ certificate: '', key: '', hash: '1' }) }],
    ])('is another one with %s', (_what, asked, name) => expect(id(asked, name)).not.toBe(id({})));

    test('changes with the files, for new connections', async () => {
      const other = makeAuthority('Other');
      const trust = trusting(other.cert);
      const layer = layers({ trust }).layerFor('web.example');
      const before = layer.id;
      expect((await connect(layer, web)).error).toMatchObject({ code: 'tls_certificate_error' });
      trust.change(trustOf(authority.cert));
      expect(layer.id).not.toBe(before);
      expect((await connect(layer, web)).facts).toMatchObject({ verified: 'chain' });
    });
  });

  describe('a server whose authority has a list of what it has revoked', () => {
    const settings = { crl: ['crl.pem'] };
    const code = 'tls_certificate_error';
    const DAY = 86_400_000;

    test('is accepted as long as it is not on the list', async () => {
      const trust = new Changing(trustOf(authority.cert, [authority.crl([])]));
      const layer = layers({ settings, trust }).layerFor('web.example');
      expect((await connect(layer, web)).facts).toMatchObject({ verified: 'chain' });
      trust.change(trustOf(authority.cert, [authority.crl([web])]));
      expect((await connect(layer, web)).error).toMatchObject({ code, message: expect.stringContaining('revoked') });
    });

    test('does not resume a session that began before it was on the list', async () => {
      const trust = new Changing(trustOf(authority.cert, [authority.crl([])]));
      const layer = layers({ settings, trust }).layerFor('web.example');
      const server = serverContext({ identity: { certificate: web.chain, key: web.key } });
      await connectTo(layer, server);
      expect((await connectTo(layer, server)).facts).toMatchObject({ resumed: true });
      trust.change(trustOf(authority.cert, [authority.crl([web])]));
      expect((await connectTo(layer, server)).error).toMatchObject({ code });
    });

    test('is not accepted by a list that is out of date, by a session neither', async () => {
      const trust = new Changing(trustOf(authority.cert, [authority.crl([])], Date.now() + DAY));
      const layer = layers({ settings, trust }).layerFor('web.example');
      const server = serverContext({ identity: { certificate: web.chain, key: web.key } });
      await connectTo(layer, server);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * DAY });
      onTestFinished(() => void vi.useRealTimers());
      const expected = { code, setting: 'chainer.tls.crl', message: expect.stringContaining('out of date') };
      expect((await connectTo(layer, server)).error).toMatchObject(expected);
      vi.useRealTimers();
      trust.change(trustOf(authority.cert, [authority.crl([], new Date(Date.now() - DAY / 2))]));
      expect((await connectTo(layer, server)).error).toMatchObject({ code, setting: 'chainer.tls.crl' });
    });

    test('is not accepted by lists of others, or by none', async () => {
      const other = makeAuthority('Other');
      const trust = new Changing(trustOf(authority.cert, [other.crl([])]));
      const layer = layers({ settings, trust }).layerFor('web.example');
      expect((await connect(layer, web)).error).toMatchObject({ code, setting: 'chainer.tls.crl' });
      trust.change(trustOf(authority.cert));
      const expected = { code: 'proxy_configuration_error', setting: 'chainer.tls.crl' };
      expect((await connect(layer, web)).error).toMatchObject(expected);
    });
  });

  test('a client certificate that cannot be used is a problem of the configuration', async () => {
    const layer = layers({ settings: { cert: 'client.pem' }, identity: new Changing(undefined) }).layerFor(
      'web.example',
    );
    expect((await connect(layer, web)).error).toMatchObject({
      code: 'proxy_configuration_error',
      setting: 'chainer.tls.cert',
    });
  });

  test('a server that does not speak TLS, or goes away, is told apart', async () => {
    const answered = async (answer: string | undefined) => {
      const pair = createMemoryNetwork().connectPair({ server: address });
      pair.server.handler = { ...ignoreEvents, data: () => answer === undefined && pair.server.destroy() };
      pair.server.resume();
      if (answer !== undefined) pair.server.write(Buffer.from(answer));
      return wrapped(layers().layerFor('web.example'), pair.client).catch((error: unknown) => error);
    };
    expect(await answered('HTTP/1.1 400 Bad Request\r\n\r\n')).toMatchObject({
      code: 'tls_protocol_error',
      status: 502,
    });
    expect(await answered(undefined)).toMatchObject({ code: 'connection_terminated', status: 502 });
  });
});
