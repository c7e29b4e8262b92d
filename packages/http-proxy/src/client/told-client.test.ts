import { AddressZones, addressMatcher, inetAddr, type InetAddr } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { useHarness } from '../../test-support/use-harness.ts';
import type { Harness, HarnessOptions, Peer } from '../../test-support/harness.ts';
import type { TrustedProxies } from '../service/trusted-proxies.ts';

const setUp = useHarness();
const HEAD_END = '\r\n\r\n';
const at = (address: string, port = 5000): InetAddr => inetAddr(address, port)!;

const trusting = (from: readonly string[], more: Partial<TrustedProxies> = {}): TrustedProxies => ({
  trusts: addressMatcher('services.test', ['trustedProxies'], from, new AddressZones()),
  fields: 'either',
  hops: 10,
  ...more,
});

const trustedProxies = trusting(['10.0.0.0/24']);
const balancer = { address: at('10.0.0.2') };

async function ask(h: Harness, client: Peer, fields: string): Promise<string> {
  client.send(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
  return server(h, client);
}

/** What the server gets; it answers. */
async function server(h: Harness, client: Peer): Promise<string> {
  const peer = await h.server();
  const head = await peer.receive(HEAD_END);
  peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  await client.receive(HEAD_END);
  return head;
}

/** Whose a request is that `peer` sends. */
async function whose(fields: string, trusted = trustedProxies, peer: object = balancer, options: HarnessOptions = {}) {
  const h = await setUp({ trustedProxies: trusted, ...options });
  const client = h.client(peer);
  client.send(`GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${fields}\r\n`);
  let head = '';
  // Who is refused gets no server.
  void h.server().then(async (origin) => {
    head = await origin.receive(HEAD_END);
    origin.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  await client.ended();
  const [record] = h.records;
  const { address, peer: told, scheme } = record!.session.client;
  return { address, peer: told, scheme, head, status: record?.status, error: record?.error?.message };
}

describe('a trusted proxy', () => {
  test.each<[string, string, string]>([
    ['X-Forwarded-For', 'X-Forwarded-For: 192.0.2.7\r\n', '192.0.2.7'],
    ['Forwarded', 'Forwarded: for="[2001:db8::7]:4711"\r\n', '2001:db8::7'],
    ['what the client claims, and then the client', 'X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n', '192.0.2.7'],
    ['the same in two lines', 'X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.7\r\n', '192.0.2.7'],
    ['a trusted proxy behind the client', 'X-Forwarded-For: evil, 192.0.2.7, 10.0.0.9\r\n', '192.0.2.7'],
    ['the same by Forwarded', 'Forwarded: for=_x, for=192.0.2.7;by=_a, for=10.0.0.9\r\n', '192.0.2.7'],
    ['trusted proxies only: the farthest', 'X-Forwarded-For: 10.0.0.8, 10.0.0.9\r\n', '10.0.0.8'],
    ['one that says loopback of another', 'X-Forwarded-For: 192.0.2.7, 10.0.0.3\r\n', '192.0.2.7'],
    ['both fields, which agree', 'X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\n', '192.0.2.7'],
  ])('names its client by %s', async (_what, fields, address) => {
    const got = await whose(fields);
    expect(got).toMatchObject({ address: { address }, peer: balancer.address, status: 200 });
    expect(got.head).toContain(`X-Forwarded-For: ${address}\r\n`);
    expect(got.head.match(/forwarded/gi)).toHaveLength(3);
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['an empty list', 'X-Forwarded-For: ,\r\n'],
    ['what servers are told otherwise', 'X-Real-IP: 192.0.2.7\r\nX-Client-IP: 192.0.2.7\r\n'],
  ])('that says %s asks for itself', async (_what, fields) => {
    expect(await whose(fields)).toMatchObject({ address: balancer.address, peer: undefined, status: 200 });
  });

  test.each<[string, string, string]>([
    ['no address', 'X-Forwarded-For: unknown\r\n', 'A trusted proxy names no address of its client'],
    ['a hidden one', 'Forwarded: for=_hidden\r\n', 'A trusted proxy names no address of its client'],
    ['no address of a trusted one behind', 'X-Forwarded-For: x, 10.0.0.3\r\n', 'A trusted proxy names no address'],
    ['a malformed field', 'Forwarded: for="192.0.2.7\r\n', 'Forwarded is malformed'],
    ['its own loopback', 'X-Forwarded-For: 127.0.0.1\r\n', '127.0.0.1 is an address of the machine that says so'],
    ['what is no client', 'X-Forwarded-For: 224.0.0.1\r\n', '224.0.0.1 is no address of a client'],
    [
      'two clients',
      'X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.8\r\n',
      'X-Forwarded-For and Forwarded name different clients',
    ],
    [
      'two schemes',
      'X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nForwarded: for=192.0.2.7;proto=http\r\n',
      'X-Forwarded-Proto and Forwarded name different schemes',
    ],
  ])('is refused if it says %s', async (_what, fields, why) => {
    const got = await whose(fields);
    expect(got).toMatchObject({ address: balancer.address, status: 400 });
    expect(got.error).toContain(why);
  });

  test('may have so many others behind it, and no more', async () => {
    const trusted = trusting(['10.0.0.0/24'], { hops: 2 });
    expect(await whose('X-Forwarded-For: 192.0.2.7, 10.0.0.3\r\n', trusted)).toMatchObject({ status: 200 });
    const got = await whose('X-Forwarded-For: 192.0.2.7, 10.0.0.4, 10.0.0.3\r\n', trusted);
    expect(got).toMatchObject({ status: 400 });
    expect(got.error).toContain('More than 2 trusted proxies are named');
  });

  test('on this machine may have clients there, one on another machine behind it may not', async () => {
    const trusted = trusting(['loopback', '10.0.0.0/24']);
    const here = { address: at('127.0.0.1') };
    expect(await whose('X-Forwarded-For: 127.0.0.1\r\n', trusted, here)).toMatchObject({ status: 200 });
    expect(await whose('X-Forwarded-For: 127.0.0.1, 127.0.0.1\r\n', trusted, here)).toMatchObject({ status: 200 });
    const other = await whose('X-Forwarded-For: 127.0.0.1, 10.0.0.3\r\n', trusted, here);
    expect(other).toMatchObject({ status: 400 });
    const back = await whose('X-Forwarded-For: 127.0.0.1, 127.0.0.1, 10.0.0.3\r\n', trusted, here);
    expect(back).toMatchObject({ status: 400 });
    expect(await whose('X-Forwarded-For: 192.0.2.7, 127.0.0.1\r\n', trusted)).toMatchObject({ status: 200 });
  });

  test('on a Unix socket is trusted by the zone loopback', async () => {
    const got = await whose('X-Forwarded-For: 192.0.2.7\r\n', trusting(['loopback']), {
      address: { family: 'unix', path: '' },
    });
    expect(got).toMatchObject({ address: { address: '192.0.2.7' }, peer: { family: 'unix' } });
  });
});

test.each(['X-Forwarded-For: 10.0.0.2\r\n', 'Forwarded: for=127.0.0.1\r\n', 'X-Forwarded-For: "\r\nForwarded: "\r\n'])(
  'nobody else is believed: %j',
  async (fields) => {
    const got = await whose(fields, trustedProxies, { address: at('192.0.2.99') });
    expect(got).toMatchObject({ address: { address: '192.0.2.99' }, peer: undefined, status: 200 });
    expect(got.head).toContain('X-Forwarded-For: 192.0.2.99\r\n');
    expect(got.head).not.toMatch(/^forwarded:/im);
  },
);

describe('the field that says who the client is', () => {
  const both = 'X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.8;proto=https\r\n';

  test.each([
    ['x-forwarded-for', { address: { address: '192.0.2.7' }, scheme: undefined }],
    ['forwarded', { address: { address: '192.0.2.8' }, scheme: 'https' }],
    ['none', { address: balancer.address, scheme: undefined }],
  ] as const)('is the one that is configured: %s', async (fields, expected) => {
    expect(await whose(both, trusting(['10.0.0.0/24'], { fields }))).toMatchObject({ ...expected, status: 200 });
  });
});

describe('the scheme', () => {
  test.each([
    ['X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: HTTPS\r\n', 'https'],
    ['X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http, https\r\n', 'http'],
    ['X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: wss\r\n', 'http'],
    ['X-Forwarded-Proto: https\r\n', 'http'],
    ['Forwarded: for=192.0.2.66;proto=http, for=192.0.2.7;proto=https\r\n', 'https'],
    ['Forwarded: for=192.0.2.7;proto=https, for=10.0.0.3;proto=http\r\n', 'https'],
  ])('that servers are told after %j is %s', async (fields, scheme) => {
    expect((await whose(fields)).head).toContain(`X-Forwarded-Proto: ${scheme}\r\n`);
  });

  test('never comes from host and port that a proxy names', async () => {
    const { head } = await whose(
      'X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 1\r\n',
    );
    expect(head).toContain('X-Forwarded-Host: h\r\n');
    expect(head).not.toContain('X-Forwarded-Port');
  });
});

test('each request of a connection has its own client, also for rules that were asked before', async () => {
  const h = await setUp({ trustedProxies, rules: [{ action: 'deny', clients: ['192.0.2.8'], reason: 'Not you.' }] });
  const client = h.client(balancer);
  expect(await ask(h, client, 'X-Forwarded-For: 192.0.2.7\r\n')).toContain('X-Forwarded-For: 192.0.2.7\r\n');
  client.send('GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.8\r\n\r\n');
  expect(await client.receive(HEAD_END)).toContain(' 403 ');
  await client.receive('Not you.');
  expect(await ask(h, client, 'X-Forwarded-For: 192.0.2.9\r\n')).toContain('X-Forwarded-For: 192.0.2.9\r\n');
  const [seven, eight, nine] = h.records.map(({ session }) => session.client);
  expect([seven, eight, nine].map((one) => one?.address)).toEqual(
    ['192.0.2.7', '192.0.2.8', '192.0.2.9'].map((one) => at(one, 0)),
  );
  expect(seven?.id).not.toBe(nine?.id);
  expect(seven?.connection).toBe(nine?.connection);
});

test('requests of one client after the other are of the same object, so that caches hit', async () => {
  const h = await setUp({ trustedProxies });
  const client = h.client(balancer);
  await ask(h, client, 'X-Forwarded-For: 192.0.2.7\r\n');
  await ask(h, client, 'X-Forwarded-For: 192.0.2.7\r\n');
  expect(h.records[0]?.session.client).toBe(h.records[1]?.session.client);
});

test('what one client has logged in on is closed before the next one of its connection asks', async () => {
  const h = await setUp({ trustedProxies });
  const client = h.client(balancer);
  const get = (who: string, more = ''): void =>
    client.send(`GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: ${who}\r\n${more}\r\n`);
  get('192.0.2.7', 'Authorization: NTLM TYPE3\r\n');
  const hers = await h.server();
  await hers.receive(HEAD_END);
  hers.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhers!');
  await client.receive('hers!');
  get('192.0.2.7');
  await hers.receive(HEAD_END);
  hers.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain');
  await client.receive('again');
  get('192.0.2.8');
  await hers.ended();
  hers.connection.end();
  const his = await h.server();
  await his.receive(HEAD_END);
  his.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhis!');
  await client.receive('his!');
  expect(h.dialled).toBe(2);
});

test('a request after a reload that trusts no proxy is of the client of the connection', async () => {
  const h = await setUp({ trustedProxies });
  const client = h.client(balancer);
  const keepAlive = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  const request = 'GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n';
  client.send(request);
  const origin = await h.server();
  await origin.receive(HEAD_END);
  origin.send(keepAlive);
  await client.receive(HEAD_END);
  h.reload({ trustedProxies: undefined });
  client.send(request);
  await origin.receive(HEAD_END);
  origin.send(keepAlive);
  await client.receive(HEAD_END);
  expect(h.records.map(({ session }) => session.client.address)).toMatchObject([
    { address: '192.0.2.7' },
    balancer.address,
  ]);
});
