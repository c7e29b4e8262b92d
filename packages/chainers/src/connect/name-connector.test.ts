import {
  AccessDeniedError,
  isPromise,
  sessionWriter,
  type InetAddr,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession } from '../../../../test/chainers/fake-establisher.ts';
import type { AttemptOptions } from './address-race.ts';
import { NameConnector } from './name-connector.ts';
import { useOwnTimers } from '../../../../test/support/own-timers.ts';

const host = 'a.example';
const how = { forgeAddr: false, connectTimeout: 10_000 };

let network: FakeNetwork;
let session: Session;

useOwnTimers();

beforeEach(() => {
  network = new FakeNetwork();
  session = fakeSession();
});

afterEach(() => {
  expect(
    network.calls.filter((call) => call.ended === 'pending'),
    'no attempt is left behind',
  ).toEqual([]);
});

function connectorFor(
  addresses: readonly string[],
  options: { cached?: boolean; local?: InetAddr } = {},
): NameConnector {
  const resolver = new FakeResolver({ [host]: addresses }, options);
  return new NameConnector({ establishConnection: network.establishConnection, resolver }, options.local, how);
}

async function addressOf(result: ServerConnection | Promise<ServerConnection>): Promise<string> {
  const { remote } = await result;
  return remote.family === 'unix' ? remote.path : remote.address;
}

describe('without waiting', () => {
  test('an idle connection to an IP address comes back synchronously, and the resolver is not asked', () => {
    network.on('127.0.0.1:80', { does: 'idle' }).on('[::1]:80', { does: 'idle' });
    const connector = connectorFor([]);
    expect(isPromise(connector.connect(session, '127.0.0.1', 80))).toBe(false);
    expect(isPromise(connector.connect(session, '::1', 80))).toBe(false);
  });

  test('so does one to a cached name with one address', () => {
    network.on('127.0.0.1:80', { does: 'idle' });
    expect(isPromise(connectorFor(['127.0.0.1']).connect(session, host, 80))).toBe(false);
  });

  test('and one to the address of a cached name that connected last', async () => {
    network.on('[::1]:80', { does: 'fail', code: 'connection_refused' }).on('127.0.0.1:80', { does: 'accept' });
    const connector = connectorFor(['::1', '127.0.0.1']);
    await connector.connect(session, host, 80);
    network.on('127.0.0.1:80', { does: 'idle' });
    const again = connector.connect(fakeSession(), host, 80);
    expect(isPromise(again)).toBe(false);
    expect(await addressOf(again)).toBe('127.0.0.1');
  });

  test('the address objects stay the same from session to session', async () => {
    network.on('127.0.0.1:80', { does: 'accept' });
    const connector = connectorFor(['127.0.0.1']);
    await connector.connect(session, host, 80);
    await connector.connect(fakeSession(), host, 80);
    await connector.connect(session, '127.0.0.1', 80);
    await connector.connect(session, '127.0.0.1', 80);
    const [first, second, third, fourth] = network.calls.map((call) => call.remote);
    expect(first).toBe(second);
    expect(third).toBe(fourth);
  });
});

describe('resolving', () => {
  test('a name that is not cached is resolved, with the signal and the client of the session', async () => {
    network.on('127.0.0.1:80', { does: 'accept' });
    const resolver = new FakeResolver({ [host]: ['127.0.0.1'] }, { cached: false });
    const resolve = vi.spyOn(resolver, 'resolve');
    const connector = new NameConnector({ establishConnection: network.establishConnection, resolver }, undefined, how);
    expect(await addressOf(connector.connect(session, host, 80))).toBe('127.0.0.1');
    expect(resolve).toHaveBeenCalledWith(host, session.signal, session.client.address);
  });

  test('a name that cannot be resolved rejects, and nothing is dialled', async () => {
    await expect(connectorFor([]).connect(session, 'b.example', 80)).rejects.toMatchObject({ code: 'dns_error' });
    expect(network.calls).toEqual([]);
  });

  test('whatever a resolver rejects with becomes a ProxyError', async () => {
    const resolver = { resolve: () => Promise.reject(new TypeError('a defect')) };
    const connector = new NameConnector({ establishConnection: network.establishConnection, resolver }, undefined, how);
    await expect(connector.connect(session, host, 80)).rejects.toMatchObject({ code: 'proxy_internal_error' });
  });

  test('a name that moved is connected at its new address', async () => {
    network.on('127.0.0.1:80', { does: 'accept' }).on('127.0.0.2:80', { does: 'accept' });
    const resolver = new FakeResolver({ [host]: ['127.0.0.1'] });
    const connector = new NameConnector({ establishConnection: network.establishConnection, resolver }, undefined, how);
    await connector.connect(session, host, 80);
    resolver.answer(host, ['127.0.0.2']);
    expect(await addressOf(connector.connect(fakeSession(), host, 80))).toBe('127.0.0.2');
  });

  test('a new answer with the last winner in it keeps trying that one first', async () => {
    network.on('127.0.0.2:80', { does: 'accept' });
    const resolver = new FakeResolver({ [host]: ['127.0.0.1', '127.0.0.2'] });
    const connector = new NameConnector({ establishConnection: network.establishConnection, resolver }, undefined, how);
    await connector.connect(session, host, 80);
    resolver.answer(host, ['127.0.0.3', '127.0.0.1', '127.0.0.2']);
    await connector.connect(fakeSession(), host, 80);
    expect(network.attempted).toEqual(['127.0.0.1:80', '127.0.0.2:80', '127.0.0.2:80']);
  });

  test('only addresses of the family of the local address are tried', async () => {
    network.on('127.0.0.1:80', { does: 'accept' });
    const local: InetAddr = { family: 'inet', address: '127.0.0.9', port: 0 };
    await connectorFor(['::1', '127.0.0.1'], { local }).connect(session, host, 80);
    expect(network.attempted).toEqual(['127.0.0.1:80']);
    expect(network.calls[0]!.local).toBe(local);
  });

  test.each([host, '::1'])('%s, of another family than the local address, says so', async (name) => {
    const local: InetAddr = { family: 'inet', address: '127.0.0.9', port: 0 };
    await expect(connectorFor(['::1'], { local }).connect(session, name, 80)).rejects.toMatchObject({
      code: 'destination_ip_unroutable',
      setting: 'chainer.local',
    });
    expect(network.calls).toEqual([]);
  });
});

describe('racing (RFC 8305)', () => {
  test('a failed attempt starts the next at once', async () => {
    network.on('127.0.0.1:80', { does: 'accept' });
    expect(await addressOf(connectorFor(['::1', '127.0.0.1']).connect(session, host, 80))).toBe('127.0.0.1');
    expect(network.attempted).toEqual(['[::1]:80', '127.0.0.1:80']);
  });

  test('a silent one starts the next after 250 ms, and is cancelled when that wins', async () => {
    network.on('[::1]:80', { does: 'hang' }).on('127.0.0.1:80', { does: 'accept' });
    const result = connectorFor(['::1', '127.0.0.1']).connect(session, host, 80);
    await vi.advanceTimersByTimeAsync(249);
    expect(network.attempted).toEqual(['[::1]:80']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await addressOf(result)).toBe('127.0.0.1');
    expect(network.calls[0]!.ended).toBe('cancelled');
    expect(session.serverAddress).toMatchObject({ address: '127.0.0.1' });
  });

  test('the earlier one may still win', async () => {
    network.on('[::1]:80', { does: 'accept', after: 300 }).on('127.0.0.1:80', { does: 'hang' });
    const result = connectorFor(['::1', '127.0.0.1']).connect(session, host, 80);
    await vi.advanceTimersByTimeAsync(300);
    expect(await addressOf(result)).toBe('::1');
    expect(network.calls[1]!.ended).toBe('cancelled');
    expect(session.serverAddress).toMatchObject({ address: '::1' });
  });

  test('a loser that connected at the same instant is destroyed', async () => {
    network.on('[::1]:80', { does: 'accept', after: 300 }).on('127.0.0.1:80', { does: 'accept', after: 50 });
    const result = connectorFor(['::1', '127.0.0.1']).connect(session, host, 80);
    vi.advanceTimersByTime(300);
    await result;
    expect(network.connections.map((connection) => connection.state).toSorted()).toEqual(['destroyed', 'open']);
    expect(network.open[0]).toBe(await result);
  });

  test('a later address with an idle connection wins as soon as it is asked for', async () => {
    network.on('[::1]:80', { does: 'hang' }).on('127.0.0.1:80', { does: 'idle' });
    const result = connectorFor(['::1', '127.0.0.1']).connect(session, host, 80);
    await vi.advanceTimersByTimeAsync(250);
    expect((await result).reused).toBe(true);
  });

  test('all silent: it ends when the last attempt has had its time', async () => {
    network.on('[::1]:80', { does: 'hang' }).on('127.0.0.1:80', { does: 'hang' });
    const result = connectorFor(['::1', '127.0.0.1']).connect(session, host, 80);
    const outcome = expect(result).rejects.toMatchObject({ code: 'connection_timeout' });
    await vi.advanceTimersByTimeAsync(10_250);
    await outcome;
  });

  test.each([
    ['the last that came from a server', ['connection_timeout', 'connection_refused'], 'connection_refused'],
    [
      'not "no route" when something else is known',
      ['connection_refused', 'destination_ip_unroutable'],
      'connection_refused',
    ],
    [
      '"no route" when there is nothing else',
      ['destination_ip_unroutable', 'destination_ip_unroutable'],
      'destination_ip_unroutable',
    ],
  ] as const)('all failed: reports %s', async (_name, [first, second], code) => {
    network.on('[::1]:80', { does: 'fail', code: first }).on('127.0.0.1:80', { does: 'fail', code: second });
    const result = connectorFor(['::1', '127.0.0.1']).connect(session, host, 80);
    const error: unknown = await Promise.resolve(result).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect(error).toHaveProperty('address', session.serverAddress);
  });

  test('a denied address is left out', async () => {
    network.on('[::1]:80', { does: 'deny' }).on('127.0.0.1:80', { does: 'accept' });
    expect(await addressOf(connectorFor(['::1', '127.0.0.1']).connect(session, host, 80))).toBe('127.0.0.1');
  });

  test('denied and refused: the refusal is reported', async () => {
    network.on('127.0.0.1:80', { does: 'deny' });
    await expect(connectorFor(['::1', '127.0.0.1']).connect(session, host, 80)).rejects.toMatchObject({
      code: 'connection_refused',
    });
  });

  test('all denied: the first denial is reported', async () => {
    network.on('[::1]:80', { does: 'deny' }).on('127.0.0.1:80', { does: 'deny' });
    const result = connectorFor(['::1', '127.0.0.1']).connect(session, host, 80);
    await expect(result).rejects.toBeInstanceOf(AccessDeniedError);
    expect(session.serverAddress).toMatchObject({ address: '::1' });
  });

  test.each([
    ['one address', ['127.0.0.1']],
    ['each of several addresses', ['127.0.0.2', '127.0.0.1']],
  ])('every option of the chainer is asked for at %s', async (_name, addresses) => {
    // `Required`: a new option of EstablishOptions does not compile until it is here.
    const every: Required<AttemptOptions> = {
      forgeAddr: true,
      proxyProtocol: 'v2',
      tls: { id: 'layer', wrap: (connection) => Promise.resolve(connection) },
      connectTimeout: 1234,
      reuse: false,
      server: 'api.internal:80',
      requestForm: { id: 'form', signsUrl: false, credentials: () => undefined, challenged: () => undefined },
      passage: {
        target: { host, port: 80 },
        by: 'CONNECT',
        isResolvedThere: true,
        decision: { verdict: 'allow', rule: '', reason: '', code: 'http_request_denied' },
      },
    };
    network.on('127.0.0.1:80', { does: 'accept' });
    const resolver = new FakeResolver({ [host]: addresses });
    const { establishConnection } = network;
    await new NameConnector({ establishConnection, resolver }, undefined, every).connect(session, host, 80);
    expect(network.calls).toHaveLength(addresses.length);
    for (const { how: asked } of network.calls) {
      for (const [option, value] of Object.entries(every)) expect(asked, option).toHaveProperty(option, value);
    }
  });

  test('when the session is aborted all attempts end and none is started', async () => {
    for (const address of ['[::1]:80', '127.0.0.1:80', '127.0.0.2:80']) network.on(address, { does: 'hang' });
    const result = connectorFor(['::1', '127.0.0.1', '127.0.0.2']).connect(session, host, 80);
    const outcome = expect(result).rejects.toMatchObject({ name: 'ProxyError' });
    await vi.advanceTimersByTimeAsync(250);
    sessionWriter.abort(session);
    await outcome;
    expect(network.calls.map((call) => call.ended)).toEqual(['cancelled', 'cancelled']);
  });
});
