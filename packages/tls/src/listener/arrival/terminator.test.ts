import {
  AcceptedClient,
  type ClientConnection,
  type Connection,
  createMemoryNetwork,
  ignoreEvents,
  LimitState,
  type Logger,
  NO_LIMITS,
  type ProtocolProxy,
  ProxyError,
  ServiceLimits,
  type SockAddr,
  Timers,
  WaitingBytes,
} from '@inband/core';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { passTimeUntil } from '../../../../core/test-support/passing-time.ts';
import { makeAuthority } from '../../../test-support/certificates.ts';
import { octets, oid, sequence, tagged, utf8 } from '../../../test-support/der.ts';
import type { TlsHandshakeError } from '../../base/handshake-error.ts';
import type { TlsClientOptions, TlsConnection } from '../../base/implementation.ts';
import { CertificateStore } from '../../certificates/certificate-store.ts';
import { readCertificate } from '../../certificates/read-certificate.ts';
import { loadTls } from '../../implementation/load-tls.ts';
import type { HandshakeOutcome } from '../../base/facts.ts';
import type { TerminatorDeps, TerminatorOptions } from '../context.ts';
import type { OrderedCertificates } from '../ordered-certificates.ts';
import { createTlsTerminator } from './terminator.ts';

const tls = loadTls({ warn: (message) => expect.fail(message) });
const authority = makeAuthority();
const clients = makeAuthority('Clients');
const listener: SockAddr = { family: 'inet', address: '192.0.2.1', port: 443 };

function certificateFor(...names: string[]) {
  const { chain, key } = authority.issue({ names });
  return readCertificate({ certificate: chain, key, file: `${String(names[0])}.pem` });
}

const web = certificateFor('web.example', '*.shop.example');
const timers = new Timers();
const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
  expect(timers.running).toBe(0);
});

interface SetUp extends Partial<Omit<TerminatorDeps, 'options'>> {
  readonly options?: Partial<TerminatorOptions>;
  /** Of the service. */
  readonly places?: ProtocolProxy['places'];
}

/** A listener in memory, and everything that it tells. */
function setUp({ options, places, ...deps }: SetUp = {}) {
  const network = createMemoryNetwork();
  const store = new CertificateStore();
  store.setSource('files', [web]);
  const accepted: ClientConnection[] = [];
  const refused: ProxyError[] = [];
  const lines: object[] = [];
  const outcomes: HandshakeOutcome[] = [];
  const drained: (SockAddr | undefined)[] = [];
  const proxy: ProtocolProxy = {
    open: 0,
    ...(places && { places }),
    accept: (client) => {
      accepted.push(client);
      client.connection.handler = ignoreEvents;
      client.connection.resume();
      toClose.push(() => client.connection.destroy());
    },
    refuse: ({ connection }, error) => {
      refused.push(error);
      connection.destroy(error);
    },
    drain: (from) => {
      drained.push(from);
      return Promise.resolve();
    },
    close() {},
  };
  const logger = { info: (fields: object) => lines.push(fields) };
  const terminator = createTlsTerminator({
    tls,
    options: { minVersion: '1.2', alpn: ['http/1.1'], clientAuth: 'off', handshakeTimeout: 10_000, ...options },
    certificates: store,
    proxy,
    timers,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what is used
    logger: logger as unknown as Logger,
    waitingBytes: new WaitingBytes(),
    onHandshake: (outcome) => outcomes.push(outcome),
    ...deps,
  });
  toClose.push(() => terminator.close());
  const come = (how: (client: ClientConnection) => void): Connection => {
    const { client, server: connection } = network.connectPair();
    const { remote: address, local } = connection;
    how(new AcceptedClient({ connection, address, local, listener }));
    toClose.push(() => client.destroy());
    return client;
  };
  const arrive = (): Connection => come((client) => terminator.accept(client));
  const refuse = (error: ProxyError): Connection => come((client) => terminator.refuse?.(client, error));
  return { refuse, refused, network, store, terminator, accepted, lines, outcomes, drained, arrive };
}

describe('a client that is one too many', () => {
  const full = new ProxyError('connection_limit_reached', 'Full.', { setting: 'limits.perClient.connections' });

  test('is negotiated with, so that its proxy can tell it', async () => {
    const { refuse, accepted, refused } = setUp();
    const { connection } = await shake(refuse(full), 'web.example');
    expect(connection?.tls.version).toBe('TLSv1.3');
    await until(() => refused.length > 0);
    expect(refused).toEqual([full]);
    expect(accepted).toEqual([]);
  });

  test('is reset where its proxy cannot tell it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const proxy = { open: 0, accept: () => expect.fail(), drain: async () => {}, close() {} };
    const { refuse } = setUp({ proxy, timers: new Timers() });
    await passTimeUntil(received(refuse(full)));
  });

  test('has nothing ordered for it, and no CA looks at it', async () => {
    const ordered = { challenge: () => expect.fail(), demand: () => expect.fail() };
    const { refuse, lines } = setUp({ ordered });
    await shake(refuse(full), 'new.example');
    expect(lines).toMatchObject([{ alert: 'unrecognized_name' }]);
  });

  test('is reset at once when there are many in a second', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(5_000);
    onTestFinished(() => void vi.restoreAllMocks());
    const { refuse, terminator } = setUp();
    for (let times = 0; times < 100; times += 1) refuse(full);
    expect(terminator.open).toBe(100);
    await received(refuse(full));
    expect(terminator.open).toBe(100);
    now.mockReturnValue(6_000);
    refuse(full);
    expect(terminator.open).toBe(101);
  });
});

describe('a service that limits connections', () => {
  const party = { client: { family: 'inet', address: '127.0.0.1', port: 1 }, user: undefined } as const;

  /** Two new connections at once, and two at one time. */
  function limited() {
    const state = new LimitState({ now: () => 0 });
    const two = { connections: 2, newConnections: { amount: 1, per: 1_000, burst: 3 } };
    const { connections: places } = new ServiceLimits('services.web.limits', { ...NO_LIMITS, perClient: two }, state);
    return { state, places, has: () => state.counts('perClient.connections').of(party.client.address) };
  }

  test('counts a client from its arrival on, once, and its place is that of the negotiated connection then', async () => {
    const { state, places, has } = limited();
    const { arrive, accepted } = setUp({ places });
    const plain = arrive();
    expect(has()).toBe(1);
    await shake(plain, 'web.example');
    await until(() => accepted.length === 1);
    const secured = accepted[0]?.connection;
    expect([has(), secured && state.places.has(secured)]).toEqual([1, true]);
    // The proxy asks as well, and its client has a place already.
    expect(secured && places?.enter(secured, party.client)).toBeUndefined();
    expect(has()).toBe(1);
    if (secured !== undefined) places?.leave(secured);
    expect([has(), state.placed]).toEqual([0, 0]);
  });

  test('counts handshakes that are never finished, until they end', async () => {
    const { places, has } = limited();
    const { arrive, refused } = setUp({ places });
    const [first] = [arrive(), arrive()];
    expect(has()).toBe(2);
    await shake(arrive(), 'web.example');
    await until(() => refused.length > 0);
    expect(refused[0]?.setting).toBe('services.web.limits.perClient.connections');
    first?.destroy();
    await until(() => has() === 1);
  });

  test('has those beyond a rate reset without a handshake', async () => {
    const { places, has } = limited();
    const { arrive, terminator } = setUp({ places });
    for (let count = 0; count < 3; count += 1) {
      arrive().destroy();
      await until(() => has() === 0);
    }
    await received(arrive());
    expect([terminator.open, has()]).toEqual([0, 0]);
  });

  test('counts no client that a name leads to another service', async () => {
    const { places, has } = limited();
    const other = noting();
    const { arrive } = setUp({
      places,
      match: [{ names: ['web.example'], action: 'terminate', proxy: other }],
    });
    void shake(arrive(), 'web.example');
    expect(has()).toBe(1);
    await until(() => other.got.length === 1);
    expect(has()).toBe(0);
  });
});

type Shaken = { readonly error: TlsHandshakeError | undefined; readonly connection: TlsConnection | undefined };

function shake(plain: Connection, name: string | undefined, options: TlsClientOptions = {}): Promise<Shaken> {
  const context = tls.clientContext({ ca: [authority.cert], ...options });
  toClose.push(() => context.release());
  return new Promise((resolve) => {
    tls.connect(plain, context, name, (error, connection) => {
      if (connection !== undefined) {
        connection.handler = ignoreEvents;
        connection.resume();
        toClose.push(() => connection.destroy());
      }
      resolve({ error, connection });
    });
  });
}

/** Everything that arrives at `plain` until it ends. */
function received(plain: Connection): Promise<Buffer> {
  let all = Buffer.alloc(0);
  return new Promise((resolve) => {
    plain.handler = {
      ...ignoreEvents,
      data: (bytes, start, end) => (all = Buffer.concat([all, bytes.subarray(start, end)])),
      ended: () => plain.destroy(),
      closed: () => resolve(all),
    };
    plain.resume();
  });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

test('a client is handed on when TLS is negotiated, with what was agreed', async () => {
  const { arrive, accepted, outcomes, terminator } = setUp();
  const { connection } = await shake(arrive(), 'a.shop.example', { alpn: ['h2', 'http/1.1'] });
  expect(connection?.tls).toMatchObject({ version: 'TLSv1.3', alpn: 'http/1.1' });
  await until(() => accepted.length > 0);
  const [client] = accepted;
  const agreed = { version: 'TLSv1.3', serverName: 'a.shop.example', alpn: 'http/1.1', resumed: false };
  expect(client?.tls).toMatchObject({ ...agreed, certificate: undefined });
  expect(client?.listener).toBe(listener);
  expect(
    ['web.example', 'b.SHOP.example', 'shop.example', '192.0.2.1'].map((host) => client?.tls?.covers(host)),
  ).toEqual([true, true, false, false]);
  expect(outcomes).toEqual(['full']);
  expect(terminator.open).toBe(0);
});

test.each([
  ['one by one', () => 1],
  ['in sevens', () => 7],
])('a ClientHello may arrive in pieces: %s', async (_how, split) => {
  const { arrive, network, accepted } = setUp();
  network.split = split;
  const { error } = await shake(arrive(), 'web.example');
  expect(error).toBeUndefined();
  await until(() => accepted.length > 0);
});

test('a certificate of a client names its user, and all of its names are known', async () => {
  const trust = { current: { ca: [clients.cert], crl: [], hash: 'one', nextUpdate: undefined } };
  const { arrive, accepted } = setUp({ options: { clientAuth: 'request' }, trust });
  const made = clients.issue({ names: ['Ann.example'], uris: ['spiffe://example/ann', 'sha256:1'], usage: 'client' });
  const identity = { certificate: made.chain, key: made.key };
  await shake(arrive(), 'web.example', { identity });
  await until(() => accepted.length > 0);
  expect(accepted[0]?.tls?.certificate).toMatchObject({
    identity: 'spiffe://example/ann',
    names: ['spiffe://example/ann', 'ann.example', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
  });
});

test('a client without the certificate that is required, or with one of another authority, is not handed on', async () => {
  const trust = { current: { ca: [clients.cert], crl: [], hash: 'one', nextUpdate: undefined } };
  const { arrive, accepted, lines, outcomes } = setUp({ options: { clientAuth: 'require' }, trust });
  const made = authority.issue({ names: ['ann.example'], usage: 'client' });
  await shake(arrive(), 'web.example');
  await shake(arrive(), 'web.example', { identity: { certificate: made.chain, key: made.key } });
  await until(() => lines.length === 2);
  expect(accepted).toEqual([]);
  expect(outcomes).toEqual(['failed', 'failed']);
  expect(lines).toMatchObject([{ serverName: 'web.example' }, { serverName: 'web.example' }]);
});

test('a session of a listener that asks for no certificate is not resumed where one is required', async () => {
  const keys = [Buffer.alloc(80, 7)];
  const tickets = { current: { keys } };
  const trust = { current: { ca: [clients.cert], crl: [], hash: 'one', nextUpdate: undefined } };
  const open = setUp({ tickets });
  const closed = setUp({ tickets, trust, options: { clientAuth: 'require' } });
  const context = tls.clientContext({ ca: [authority.cert] });
  toClose.push(() => context.release());
  const connect = (plain: Connection): Promise<TlsConnection | undefined> =>
    new Promise((resolve) => {
      tls.connect(plain, context, 'web.example', (_error, connection) => {
        if (connection === undefined) return resolve(undefined);
        connection.handler = ignoreEvents;
        connection.resume();
        toClose.push(() => connection.destroy());
        resolve(connection);
      });
    });
  await connect(open.arrive());
  await until(() => open.accepted.length === 1);
  open.accepted[0]?.connection.write(Buffer.from('with the tickets'));
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect((await connect(open.arrive()))?.tls.resumed).toBe(true);
  await until(() => open.accepted.length === 2);
  expect(open.outcomes).toEqual(['full', 'resumed']);
  await connect(closed.arrive());
  await until(() => closed.outcomes.length > 0);
  expect(closed.outcomes).toEqual(['failed']);
  expect(closed.accepted).toEqual([]);
});

test('an address in the place of a name, as simple clients send it, is no name', async () => {
  const certificates = new CertificateStore({ defaultName: 'web.example' });
  certificates.setSource('files', [web]);
  const { arrive, accepted } = setUp({ certificates });
  await shake(arrive(), '192.0.2.1', { verify: false });
  await until(() => accepted.length > 0);
  expect(accepted[0]?.tls?.serverName).toBeUndefined();
});

test.each([
  ['that has expired', undefined, 'has expired'],
  ['under a list that is out of date', Date.now(), 'out of date (tls.crl)'],
])('a session is not resumed by a certificate %s', async (_what, nextUpdate, why) => {
  const tickets = { current: { keys: [Buffer.alloc(80, 7)] } };
  const trust = { current: { ca: [clients.cert], crl: [], hash: 'one', nextUpdate } };
  const { arrive, accepted, outcomes, lines } = setUp({ tickets, trust, options: { clientAuth: 'require' } });
  const { chain, key } = clients.issue({ names: ['me.example'], usage: 'client' });
  // The client does not look at the clock, which is set below.
  const context = tls.clientContext({ verify: false, identity: { certificate: chain, key } });
  toClose.push(() => context.release());
  const got: string[] = [];
  const connect = (): void => {
    tls.connect(arrive(), context, 'web.example', (_error, connection) => {
      if (connection === undefined) return;
      connection.handler = {
        ...ignoreEvents,
        data: (bytes, start, end) => got.push(bytes.toString('latin1', start, end)),
      };
      connection.resume();
      toClose.push(() => connection.destroy());
    });
  };
  connect();
  await until(() => accepted.length === 1);
  accepted[0]?.connection.write(Buffer.from('with the tickets'));
  await until(() => got.length > 0);
  // OpenSSL has a clock of its own, so that for it nothing has changed.
  const later = Date.now() + (nextUpdate === undefined ? 1_000 * 86_400_000 : 1_000);
  const clock = vi.spyOn(Date, 'now').mockReturnValue(later);
  toClose.push(() => clock.mockRestore());
  connect();
  await until(() => outcomes.length === 2);
  expect(outcomes).toEqual(['full', 'failed']);
  expect(lines).toMatchObject([{ why: expect.stringContaining(why) }]);
  expect(accepted).toHaveLength(1);
});

test('a certificate that OpenSSL believes and whose names cannot be read ends the handshake', async () => {
  const trust = { current: { ca: [clients.cert], crl: [], hash: 'one', nextUpdate: undefined } };
  const { arrive, accepted, lines, outcomes } = setUp({ trust, options: { clientAuth: 'require' } });
  // An otherName of indefinite length, which DER does not have (X.690), and OpenSSL reads nevertheless.
  const value = tagged(0xa0, oid('1.2.3'), tagged(0xa0, utf8('x'))).subarray(2);
  const endless = Buffer.concat([Buffer.from([0xa0, 0x80]), value, Buffer.from([0, 0])]);
  const extensions = [sequence(oid('2.5.29.17'), octets(sequence(endless)))];
  const { chain, key } = clients.issue({ commonName: 'odd', usage: 'client', extensions });
  await shake(arrive(), 'web.example', { identity: { certificate: chain, key } });
  await until(() => outcomes.length > 0);
  expect(outcomes).toEqual(['failed']);
  expect(lines).toMatchObject([{ why: expect.stringMatching(/^The names of its certificate cannot be read: /) }]);
  expect(accepted).toEqual([]);
});

test.each([
  ['a name without a certificate', 'other.example', {}, 'unrecognized_name'],
  ['no name', undefined, {}, 'unrecognized_name'],
  ['no common protocol', 'web.example', { alpn: ['h2'] }, 'no_application_protocol'],
])('is refused with an alert: %s', async (_what, name, options, alert) => {
  const { arrive, accepted, lines, outcomes, terminator } = setUp();
  const plain = arrive();
  const { error } = await shake(plain, name, { verify: false, ...options });
  expect(error?.alert).toBe(alert);
  expect(accepted).toEqual([]);
  expect(outcomes).toEqual(['failed']);
  expect(lines).toMatchObject([{ alert, listener: '192.0.2.1:443' }]);
  await until(() => terminator.open === 0);
});

test('who does not speak TLS is told so in clear text, or by an alert', async () => {
  const { arrive, lines } = setUp();
  const http = arrive();
  const answer = received(http);
  http.write(Buffer.from('GET / HTTP/1.1\r\nHost: web.example\r\n\r\n'));
  expect((await answer).toString()).toMatch(/^HTTP\/1\.1 400 [\s\S]*This port speaks TLS/);
  const other = arrive();
  const alert = received(other);
  other.write(Buffer.from([0, 1, 2, 3]));
  expect([...(await alert)]).toEqual([21, 3, 3, 0, 2, 2, 50]);
  expect(lines).toMatchObject([{ why: expect.stringContaining('plain HTTP') }, { alert: 'decode_error' }]);
});

test('a client that stops in its ClientHello is closed in time, and one that sent nothing leaves no line', async () => {
  const { arrive, lines, terminator } = setUp({ options: { handshakeTimeout: 30 } });
  const silent = received(arrive());
  const begun = arrive();
  const ended = received(begun);
  begun.write(Buffer.from([22, 3, 1, 1]));
  await Promise.all([silent, ended]);
  expect(terminator.open).toBe(0);
  expect(lines).toMatchObject([{ why: 'It was not complete within 30 ms (tls.handshakeTimeout).' }]);
});

test('ClientHellos are held within the bound of all incomplete heads', async () => {
  const waitingBytes = new WaitingBytes(3_000);
  const { arrive, lines } = setUp({ waitingBytes });
  const all = Array.from({ length: 4 }, () => {
    const plain = arrive();
    plain.write(Buffer.from([22, 3, 1, 1, 0, 1, 0, 0, 252]));
    return received(plain);
  });
  await Promise.race(all);
  expect(lines.length).toBeGreaterThan(0);
  expect(waitingBytes.held).toBeLessThanOrEqual(3_000);
});

test('draining ends when the handshakes have, and then drains the proxy', async () => {
  const { arrive, terminator, drained, accepted } = setUp();
  const plain = arrive();
  const shaken = shake(plain, 'web.example');
  const end = terminator.drain(listener);
  await shaken;
  await end;
  expect(accepted).toHaveLength(1);
  expect(drained).toEqual([listener]);
});

test('closing ends handshakes that are going on', async () => {
  const { arrive, terminator, accepted } = setUp();
  const shaken = shake(arrive(), 'web.example');
  const silent = received(arrive());
  terminator.close();
  expect((await shaken).error).toBeDefined();
  await silent;
  expect(accepted).toEqual([]);
  expect(terminator.open).toBe(0);
});

test('another certificate is used from the next handshake on', async () => {
  const { arrive, store, accepted } = setUp();
  await shake(arrive(), 'web.example');
  const next = certificateFor('web.example', 'next.example');
  store.setSource('files', [next]);
  const { connection } = await shake(arrive(), 'web.example');
  await until(() => accepted.length === 2);
  expect(accepted[1]?.tls?.covers('next.example')).toBe(true);
  expect(connection?.tls.peer?.names.dns).toEqual(['web.example', 'next.example']);
});

/** Ordered certificates, with a certificate for what is demanded as soon as `arrive` is called. */
function orders(names: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const demanded: string[] = [];
  const shown = certificateFor('proof.example');
  const ordered: OrderedCertificates = {
    challenge: (host) => (host === 'proof.example' ? shown : undefined),
    demand: (host) => {
      demanded.push(host);
      return names.includes(host) ? promise : undefined;
    },
  };
  return { ordered, demanded, resolve };
}

test('a CA that looks whether a host is ours sees its proof, and nothing is handed on', async () => {
  const { arrive, accepted, terminator, lines } = setUp({
    ordered: orders([]).ordered,
    options: { clientAuth: 'require' },
  });
  const plain = arrive();
  const { connection } = await shake(plain, 'PROOF.example', { alpn: ['acme-tls/1'] });
  expect(connection?.tls).toMatchObject({ alpn: 'acme-tls/1' });
  connection?.destroy();
  await until(() => terminator.open === 0);
  expect([accepted, lines]).toEqual([[], []]);
});

test('a CA that nobody expects is refused, and a client that speaks something else too is like any other', async () => {
  const { arrive, accepted } = setUp({ ordered: orders([]).ordered });
  const { error } = await shake(arrive(), 'web.example', { alpn: ['acme-tls/1'] });
  expect(error?.alert).toBe('unrecognized_name');
  await shake(arrive(), 'web.example', { alpn: ['acme-tls/1', 'http/1.1'] });
  await until(() => accepted.length > 0);
});

test('without orders nothing speaks the protocol of a CA', async () => {
  const { arrive } = setUp();
  const { error } = await shake(arrive(), 'web.example', { alpn: ['acme-tls/1'] });
  expect(error?.alert).toBe('no_application_protocol');
});

test('a client waits for its certificate, which the store has then', async () => {
  const { ordered, demanded, resolve } = orders(['new.example']);
  const { arrive, store, accepted } = setUp({ ordered });
  const shaken = shake(arrive(), 'New.example', {});
  await until(() => demanded.length > 0);
  expect(demanded).toEqual(['new.example']);
  store.setSource('acme', [certificateFor('new.example')]);
  resolve();
  const { connection } = await shaken;
  expect(connection).toBeDefined();
  await until(() => accepted.length > 0);
});

test('a client whose certificate cannot be had in time is refused, and one that leaves meanwhile is forgotten', async () => {
  const { ordered, demanded, resolve } = orders(['new.example']);
  const { arrive, lines, terminator } = setUp({ ordered });
  const shaken = shake(arrive(), 'new.example', {});
  const leaving = arrive();
  void shake(leaving, 'new.example', {});
  await until(() => demanded.length === 2);
  leaving.destroy(new Error('enough'));
  await until(() => terminator.open === 1);
  resolve();
  expect((await shaken).error?.alert).toBe('unrecognized_name');
  await until(() => terminator.open === 0);
  expect(lines).toMatchObject([{ alert: 'unrecognized_name', why: expect.stringContaining('in time') as string }]);
});

test('an order that fails by a defect ends one handshake, and the log says so', async () => {
  const errors: object[] = [];
  const logger = { info: () => undefined, error: (fields: object) => errors.push(fields) };
  const ordered: OrderedCertificates = {
    challenge: () => undefined,
    demand: () => Promise.reject(new Error('a defect')),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what is used
  const { arrive, terminator } = setUp({ ordered, logger: logger as unknown as Logger });
  const { error } = await shake(arrive(), 'new.example', {});
  expect(error?.alert).toBe('internal_error');
  expect(errors).toMatchObject([{ err: { message: 'a defect' } }]);
  await until(() => terminator.open === 0);
});

test('a name that may not be ordered is refused at once', async () => {
  const { ordered, demanded } = orders([]);
  const { error } = await shake(setUp({ ordered }).arrive(), 'new.example', {});
  expect([error?.alert, demanded]).toEqual(['unrecognized_name', ['new.example']]);
});

/** A proxy that notes its clients. */
function noting(): ProtocolProxy & { readonly got: ClientConnection[] } {
  const got: ClientConnection[] = [];
  return {
    got,
    open: 0,
    accept: (client) => {
      got.push(client);
      client.connection.handler = ignoreEvents;
      toClose.push(() => client.connection.destroy());
    },
    drain: () => Promise.resolve(),
    close() {},
  };
}

test('the name in the ClientHello decides whether a connection is passed on as it came, ends here for another service, or is refused', async () => {
  const [passed, api] = [noting(), noting()];
  const { arrive, accepted, lines } = setUp({
    match: [
      { names: ['mail.example'], action: 'pass', proxy: passed },
      { names: ['api.shop.example'], action: 'terminate', proxy: api },
      { names: ['*.example'], action: 'alert', proxy: undefined },
    ],
  });
  void shake(arrive(), 'mail.example');
  await until(() => passed.got.length === 1);
  const [mail] = passed.got;
  expect(mail?.tls).toBeUndefined();
  expect(mail?.takeReceived?.()?.subarray(0, 2)).toEqual(Buffer.from([22, 3]));
  expect(mail?.takeReceived?.()).toBeUndefined();
  await shake(arrive(), 'api.shop.example');
  await until(() => api.got.length === 1);
  expect(['api.shop.example', 'a.shop.example', 'web.example'].map((host) => api.got[0]?.tls?.covers(host))).toEqual([
    true,
    false,
    false,
  ]);
  expect((await shake(arrive(), 'web.example')).error?.alert).toBe('unrecognized_name');
  expect(lines).toMatchObject([{ why: 'A rule of tls.match refuses the name.' }]);
  expect(accepted).toEqual([]);
});

test('what a rule passes elsewhere is not covered by a connection that ends here', async () => {
  const { arrive, accepted } = setUp({ match: [{ names: ['b.shop.example'], action: 'pass', proxy: noting() }] });
  await shake(arrive(), 'a.shop.example');
  await until(() => accepted.length === 1);
  expect(['a.shop.example', 'b.shop.example'].map((host) => accepted[0]?.tls?.covers(host))).toEqual([true, false]);
});

test('without `ciphers` nothing is agreed on that has no forward secrecy', async () => {
  const { arrive, store } = setUp();
  const { chain, key } = authority.issue({ names: ['rsa.example'], key: 'rsa' });
  store.setSource('files', [readCertificate({ certificate: chain, key, file: 'rsa.pem' })]);
  const agreed = async (ciphers: string) => {
    const options = { maxVersion: '1.2', ciphers } as const;
    const { connection, error } = await shake(arrive(), 'rsa.example', options);
    return connection?.tls.cipher ?? error?.alert;
  };
  expect(await agreed('AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384')).toBe('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384');
  expect(await agreed('AES256-GCM-SHA384:AES128-SHA')).toBe('handshake_failure');
});
