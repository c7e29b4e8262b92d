import { describe, expect, test } from 'vitest';
import { FakeConnection } from '../../../test-support/fake-connection.ts';
import { inetAddr, type SockAddr } from '../../base/address.ts';
import { AccessDeniedError, ProxyError, type ProxyErrorCode, PROXY_ERRORS } from '../../base/errors.ts';
import { AccessPolicy } from '../../policy/access-policy.ts';
import { AddressZones } from '../../zones/zones.ts';
import type { Service } from '../../routing/service.ts';
import type { ClientTls } from '../../policy/client-tls.ts';
import type { ServerTlsFacts } from '../server-tls-facts.ts';
import type { SessionRecord } from './session-record.ts';
import { summarise, type Verdict, verdictOf } from './session-summary.ts';
import { Session, sessionWriter } from '../session.ts';

const addr = (text: string, port = 80): SockAddr => inetAddr(text, port)!;

const zones = new AddressZones({
  site: { addresses: ['10.0.0.0/8', 'fd00::/16'] },
  dmz: { addresses: ['10.1.0.0/16', 'fd00:1::/32'], parent: 'site' },
});
const policy = AccessPolicy.compile([{ action: 'allow', servers: ['dmz'] }], {
  mode: 'forward',
  zones,
  path: 'services.web.access',
});
const service: Service = { name: 'web', mode: 'forward', policy, routesByPath: false, route: () => undefined };
const chainer = { kind: 'inband', connectServer: () => Promise.reject(new Error('not asked')) };

interface Given {
  readonly client?: SockAddr;
  readonly server?: SockAddr;
  readonly resolved?: SockAddr;
  readonly connected?: boolean;
  readonly error?: ProxyError;
  readonly aborted?: boolean;
  readonly kind?: 'request' | 'tunnel';
  readonly tls?: ClientTls;
  readonly serverTls?: ServerTlsFacts;
}

/** A session as it is when it is over. */
function record(given: Given = {}): SessionRecord {
  const address = given.client ?? addr('10.0.0.1', 40_000);
  const local = addr('10.0.0.9', 3128);
  const client = { id: 1, connection: new FakeConnection(), address, local, listener: local, tls: given.tls };
  const session = new Session(client, service);
  sessionWriter.setServerTls(session, given.serverTls);
  sessionWriter.setTarget(session, { host: 'a.example', port: 80 });
  sessionWriter.setMethod(session, 'GET');
  sessionWriter.setRoute(session, { name: 'services.web.routes[0]', chainer });
  sessionWriter.setConnected(session, given.connected ?? false);
  if (given.server !== undefined) {
    const { target, method, user } = session;
    const serverChosenBy = 'client';
    sessionWriter.setServer(session, given.server, given.resolved, serverChosenBy);
    const query = { client: address, server: given.server, serverChosenBy, target, method, user } as const;
    sessionWriter.setDecision(session, policy.decide(query));
  }
  return {
    session,
    kind: given.kind ?? 'request',
    url: 'http://a.example/x',
    status: 200,
    bytesIn: 3,
    bytesOut: 5,
    duration: 1_500,
    wait: 20,
    reused: false,
    error: given.error,
    aborted: given.aborted ?? false,
  };
}

const dmz = addr('10.1.0.1');
const failure = (code: ProxyErrorCode, options = {}) => new ProxyError(code, 'It did not work.', options);
const denied = new AccessDeniedError('http_request_denied', 'Not you.', 'services.web.access[7]');

describe('the verdict', () => {
  test.each<[string, Given, Verdict]>([
    ['a request that was answered', { server: dmz, connected: true }, 'accepted'],
    ['a tunnel that both sides closed', { server: dmz, connected: true, kind: 'tunnel' }, 'accepted'],
    ['what the proxy answers by itself', {}, 'accepted'],
    ['a denial before any server was known', { error: denied }, 'denied-by-policy'],
    ['a denial of the address', { server: dmz, error: denied }, 'denied-by-policy'],
    ['a denial inside what had begun', { server: dmz, connected: true, error: denied }, 'denied-by-policy'],
    ['a request without a route', { error: failure('destination_not_found') }, 'denied-by-policy'],
    [
      'a request that would come back to us',
      { server: dmz, error: failure('proxy_loop_detected') },
      'denied-by-policy',
    ],
    ["a plugin's denial", { error: failure('http_request_denied') }, 'denied-by-policy'],
    ["a plugin's denial of the address", { error: failure('destination_ip_prohibited') }, 'denied-by-policy'],
    ['a request that is not HTTP', { error: failure('http_request_error') }, 'denied-by-policy'],
    ['a request beyond a limit', { error: failure('http_request_error', { status: 413 }) }, 'denied-by-policy'],
    [
      'a client beyond the limit of the proxy',
      { error: failure('connection_limit_reached', { setting: 'limits.perClient.connections' }) },
      'denied-by-policy',
    ],
    ['a system that has no descriptor left', { error: failure('connection_limit_reached') }, 'connection-failed'],
    ['a name that does not exist', { error: failure('dns_error') }, 'connection-failed'],
    ['a server that refuses', { server: dmz, error: failure('connection_refused') }, 'connection-failed'],
    ['a server that does not answer', { server: dmz, error: failure('connection_timeout') }, 'connection-failed'],
    ['a defect before the connection', { error: failure('proxy_internal_error') }, 'connection-failed'],
    ['a client that goes away while a server is sought', { server: dmz, aborted: true }, 'aborted'],
    ['a client that goes away later', { server: dmz, connected: true, aborted: true }, 'aborted'],
    ['a client that is too slow with its head', { error: failure('http_request_error', { status: 408 }) }, 'aborted'],
    ['a body that breaks the rules', { server: dmz, connected: true, error: failure('http_request_error') }, 'aborted'],
    ['a server that breaks off', { server: dmz, connected: true, error: failure('connection_terminated') }, 'aborted'],
    [
      'a server that does not respond',
      { server: dmz, connected: true, error: failure('http_response_timeout') },
      'aborted',
    ],
    [
      'a server that sends nonsense',
      { server: dmz, connected: true, error: failure('http_protocol_error') },
      'aborted',
    ],
    [
      'an idle tunnel',
      { server: dmz, connected: true, kind: 'tunnel', error: failure('connection_read_timeout') },
      'aborted',
    ],
  ])('says what became of it: %s', (_what, given, verdict) => {
    expect(verdictOf(record(given))).toBe(verdict);
  });

  test('is never accepted with an error, and never a failed connection once there was one', () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table's own keys
    for (const code of Object.keys(PROXY_ERRORS) as ProxyErrorCode[]) {
      for (const aborted of [true, false]) {
        expect(verdictOf(record({ error: failure(code), aborted }))).not.toBe('accepted');
        expect(['aborted', 'denied-by-policy']).toContain(
          verdictOf(record({ error: failure(code), aborted, connected: true, server: dmz })),
        );
      }
    }
  });
});

describe('the summary', () => {
  test('of what was accepted says who, what, where, why, when and how much', () => {
    const now = new Date('2026-01-02T03:04:05.000Z');
    const over = record({ server: dmz, connected: true });
    sessionWriter.setUser(over.session, 'ann');
    expect(summarise({ ...over, repaired: ['fold'] }, now).repaired).toEqual(['fold']);
    expect(summarise(over, now)).toEqual({
      repaired: [],
      retries: [],
      session: over.session.id,
      kind: 'request',
      who: { address: addr('10.0.0.1', 40_000), zone: 'site', user: 'ann' },
      what: {
        service: 'web',
        route: 'services.web.routes[0]',
        rule: 'services.web.access[0]',
        method: 'GET',
        url: 'http://a.example/x',
      },
      where: { asked: { host: 'a.example', port: 80 }, resolved: dmz, translated: undefined, zone: 'dmz' },
      tls: { client: undefined, server: undefined },
      verdict: 'accepted',
      why: 'The rule services.web.access[0] allows it.',
      times: { begun: new Date('2026-01-02T03:04:03.500Z'), ended: now, duration: 1_500, wait: 20 },
      bytes: { in: 3, out: 5 },
    });
  });

  test('has what TLS made on either side', () => {
    const tls: ClientTls = {
      version: 'TLSv1.3',
      cipher: 'TLS_AES_128_GCM_SHA256',
      serverName: 'web.example',
      alpn: undefined,
      resumed: true,
      certificate: undefined,
      covers: () => true,
    };
    const serverTls = {
      version: 'TLSv1.2',
      cipher: 'C',
      serverName: 'a.example',
      verified: 'pin',
      resumed: false,
    } as const;
    const over = record({ tls, serverTls, connected: true });
    expect(summarise(over).tls).toEqual({ client: tls, server: serverTls });
  });

  test('tells the address before translation from the one after it, whose zone counts', () => {
    const { where } = summarise(record({ server: addr('fd00:1::1'), resolved: addr('192.0.2.1'), connected: true }));
    expect(where).toMatchObject({ resolved: addr('192.0.2.1'), translated: addr('fd00:1::1'), zone: 'dmz' });
  });

  test('of a denial names its rule and its reason', () => {
    const { what, why, where } = summarise(record({ error: denied }));
    expect([what.rule, why, where.resolved, where.zone]).toEqual([
      'services.web.access[7]',
      'Not you.',
      undefined,
      undefined,
    ]);
  });

  test('of a request without a route names the routes', () => {
    const error = failure('destination_not_found', { setting: 'services.web.routes' });
    expect(summarise(record({ error })).what.rule).toBe('services.web.routes');
  });

  test('of a request beyond a limit names the limit, and of one that is not HTTP nothing', () => {
    const error = failure('http_request_error', { status: 413, setting: 'http.maxBody' });
    expect(summarise(record({ error })).what.rule).toBe('services.web.http.maxBody');
    const limit = failure('connection_limit_reached', { setting: 'limits.connections' });
    expect(summarise(record({ error: limit })).what.rule).toBe('limits.connections');
    expect(summarise(record({ error: failure('http_request_error') })).what.rule).toBeUndefined();
    const slow = failure('http_request_error', { status: 408, setting: 'http.headerTimeout' });
    expect(summarise(record({ error: slow })).what.rule).toBeUndefined();
  });

  test.each<[string, ProxyError, string | undefined]>([
    ['that would come back to us', failure('proxy_loop_detected'), undefined],
    ['that a plugin denies', failure('http_request_denied'), undefined],
    [
      'that a plugin denies by an option',
      failure('http_request_denied', { setting: 'chainer.hours' }),
      'services.web.routes[0].chainer.hours',
    ],
    ['that a chainer denies', failure('http_request_denied', { setting: 'chainer' }), 'services.web.routes[0].chainer'],
    ['that turns out to be broken while its server is sought', failure('http_request_error'), undefined],
  ])('of a request %s does not name the rule that allows its address', (_what, error, rule) => {
    const refused = record({ server: dmz, error });
    expect(refused.session.decision?.verdict).toBe('allow');
    expect(summarise(refused)).toMatchObject({ verdict: 'denied-by-policy', what: { rule } });
  });

  test('of a failed connection names the rule that would have let it through, not one that denied another address', () => {
    const error = failure('connection_refused');
    expect(summarise(record({ server: dmz, error })).what.rule).toBe('services.web.access[0]');
    const other = record({ server: addr('127.0.0.1'), error });
    expect(other.session.decision?.verdict).toBe('deny');
    expect(summarise(other).what.rule).toBeUndefined();
  });

  test.each([
    ['a client that went away', { server: dmz, aborted: true }, 'The client went away before the end.'],
    ['what the proxy answered', {}, 'The proxy answered it by itself.'],
    ['a stacked session, where nobody asked', { connected: true }, 'Nothing denies it.'],
  ])('has a sentence for %s', (_what, given, why) => {
    expect(summarise(record(given)).why).toBe(why);
  });

  test('has the zones of clients of both families and of sockets in the file system', () => {
    const zoneOf = (client: SockAddr): string => summarise(record({ client })).who.zone;
    expect(zoneOf(addr('fd00:1::7'))).toBe('dmz');
    expect(zoneOf(addr('::1'))).toBe('loopback');
    expect(zoneOf({ family: 'unix', path: '/run/x' })).toBe('loopback');
  });
});
