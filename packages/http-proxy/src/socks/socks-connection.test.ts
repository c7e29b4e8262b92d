import {
  AccessDeniedError,
  inetAddr,
  ProxyError,
  requestNotes,
  type Chainer,
  type SessionRecord,
  WaitingBytes,
} from '@inband/core';
import { describe, expect, test } from 'vitest';
import type { HarnessOptions, Peer } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const make = useHarness();

const SOCKS = { mode: 'forward', accept: ['http', 'socks5', 'socks4a'] } as const satisfies HarnessOptions;

const GREETING = '\x05\x01\x00';
const CHOSEN = '\x05\x00';
const SUCCEEDED = '\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00';
const failed = (reply: number): string => `\x05${String.fromCharCode(reply)}\x00\x01\x00\x00\x00\x00\x00\x00`;

/** A request of SOCKS 5 by name. */
function asked(host: string, port = 443, command = 1): string {
  const name = String.fromCharCode(host.length) + host;
  return `\x05${String.fromCharCode(command)}\x00\x03${name}${String.fromCharCode(port >> 8, port & 0xff)}`;
}

/** What a chainer says that fails. */
function failing(error: ProxyError): Chainer {
  return {
    kind: 'failing',
    connectServer: async () => {
      throw error;
    },
  };
}

/** A tunnel ends with the connection of its client. */
function breakOff(...clients: Peer[]): void {
  for (const { connection } of clients) connection.destroy(new Error('gone'));
}

async function bytesUntilEnd(client: Peer): Promise<string> {
  await client.ended();
  return client.received;
}

/** The record of a session as an auditor has it. */
function facts({ session, kind, url, status, error }: SessionRecord) {
  const { method, target, client } = session;
  return { protocol: client.protocol, method, target, kind, url, status, error: error?.code };
}

describe('a client of SOCKS 5', () => {
  test('gets a tunnel to the name that it asks for', async () => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send(GREETING);
    expect(await client.receive(CHOSEN)).toBe(CHOSEN);
    client.send(asked('A.example'));
    expect(await client.receive(SUCCEEDED)).toBe(SUCCEEDED);
    const server = await h.server();
    client.send('ping');
    await server.receive('ping');
    server.send('pong');
    await client.receive('pong');
    server.connection.end();
    await client.ended();
    client.connection.end();
    await expect.poll(() => h.records.length).toBe(1);
    const [record] = h.records;
    expect(record && facts(record)).toEqual({
      protocol: 'socks5',
      method: 'CONNECT',
      target: { host: 'a.example', port: 443 },
      kind: 'tunnel',
      url: 'A.example:443',
      status: 200,
      error: undefined,
    });
    expect([record?.bytesIn, record?.bytesOut]).toEqual([4, 4]);
  });

  test('may send everything at once, byte by byte as well', async () => {
    const h = await make(SOCKS);
    const all = `${GREETING}${asked('a.example')}early`;
    const [one, other] = [h.client(), h.client()];
    one.send(all);
    await one.receive(CHOSEN + SUCCEEDED);
    await (await h.server()).receive('early');
    for (const byte of all) other.send(byte);
    await other.receive(CHOSEN + SUCCEEDED);
    await (await h.server()).receive('early');
    breakOff(one, other);
  });

  test('may ask for an address of either family', async () => {
    const h = await make({ ...SOCKS, http: { connectPorts: 'any' } });
    const [four, six] = [h.client(), h.client()];
    four.send(`${GREETING}\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50`);
    await four.receive(SUCCEEDED);
    six.send(`${GREETING}\x05\x01\x00\x04\x20\x01\x0d\xb8${'\x00'.repeat(11)}\x01\x00\x50`);
    await six.receive(SUCCEEDED);
    const hosts = [...h.proxy.sessions!()].map(({ session }) => session.target?.host);
    expect(hosts).toEqual(['192.0.2.7', '2001:db8::1']);
    breakOff(four, six);
  });

  test('may end its side right behind the request, and still gets what the server says', async () => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send(`${GREETING}${asked('a.example')}question`);
    client.connection.end();
    const server = await h.server();
    await server.receive('question');
    server.send('answer');
    server.connection.end();
    await client.receive(`${CHOSEN}${SUCCEEDED}answer`);
  });

  test('that wants to authenticate only is told that no method is acceptable', async () => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send('\x05\x02\x01\x02');
    expect(await bytesUntilEnd(client)).toBe('\x05\xff');
    expect(h.records).toMatchObject([{ status: 400, error: { code: 'http_request_error' } }]);
  });

  test.each([
    ['BIND', 2],
    ['UDP ASSOCIATE', 3],
    ['The command 9', 9],
  ])('that asks for %s is told that there is none', async (name, command) => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send(GREETING + asked('a.example', 443, command));
    expect(await bytesUntilEnd(client)).toBe(CHOSEN + failed(7));
    expect(h.records[0]?.error?.message).toBe(`${name} of SOCKS is not spoken here, only CONNECT.`);
    expect(h.dialled).toBe(0);
  });

  test('that asks for an address of no known type is told so', async () => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send(`${GREETING}\x05\x01\x00\x09\x00\x00\x00\x00\x00\x00`);
    expect(await bytesUntilEnd(client)).toBe(CHOSEN + failed(8));
  });

  test.each(['a@b', 'a/b', '-a.example', '127.1', '0x7f000001', '::1]:80', 'a:80', 'a.example\r\nVia: x'])(
    'that asks for the name %j is refused as CONNECT would be',
    async (host) => {
      const h = await make(SOCKS);
      const client = h.client();
      client.send(GREETING + asked(host));
      expect(await bytesUntilEnd(client)).toBe(CHOSEN + failed(1));
      expect(h.records).toMatchObject([{ status: 400, error: { code: 'http_request_error' } }]);
    },
  );

  test('may write an IPv6 address as a name', async () => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send(GREETING + asked('2001:DB8::1'));
    await client.receive(SUCCEEDED);
    expect([...h.proxy.sessions!()][0]?.session.target).toEqual({ host: '2001:db8::1', port: 443 });
    breakOff(client);
  });

  test('is held to the rules of the service, and to its ports for tunnels', async () => {
    const h = await make({
      ...SOCKS,
      rules: [{ action: 'deny', hosts: ['b.example'], methods: ['CONNECT'] }],
      http: { connectPorts: [443] },
    });
    const [denied, port] = [h.client(), h.client()];
    denied.send(GREETING + asked('b.example'));
    expect(await bytesUntilEnd(denied)).toBe(CHOSEN + failed(2));
    port.send(GREETING + asked('a.example', 25));
    expect(await bytesUntilEnd(port)).toBe(CHOSEN + failed(2));
    const rules = h.records.map(({ error }) => (error instanceof AccessDeniedError ? error.rule : undefined));
    expect(rules).toEqual(['services.test.access[0]', 'services.test.http.connectPorts']);
    expect(h.dialled).toBe(0);
  });

  test('that says nothing more in time is refused, by the timeout for heads', async () => {
    const h = await make({ ...SOCKS, http: { headerTimeout: 20 } });
    const [silent, slow] = [h.client(), h.client()];
    silent.send('\x05');
    slow.send(GREETING + asked('a.example').slice(0, 5));
    expect(await bytesUntilEnd(silent)).toBe(failed(1));
    expect(await bytesUntilEnd(slow)).toBe(CHOSEN + failed(1));
    expect(h.records.map(({ status, error }) => [status, error?.setting])).toEqual([
      [408, 'http.headerTimeout'],
      [408, 'http.headerTimeout'],
    ]);
  });

  test('that goes away while the server is reached leaves nothing behind', async () => {
    const h = await make({ ...SOCKS, chainer: { kind: 'slow', connectServer: () => new Promise(() => {}) } });
    const client = h.client();
    client.send(GREETING + asked('a.example'));
    await client.receive(CHOSEN);
    await client.until(() => [...h.proxy.sessions!()].length === 1);
    breakOff(client);
    await expect.poll(() => h.records.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('that sends much before its tunnel is open is paused, and nothing of it is lost', async () => {
    const { promise: mayConnect, resolve: connect } = Promise.withResolvers<void>();
    const step = { name: 'late', request: () => mayConnect };
    const h = await make({ ...SOCKS, watchStep: (usual) => (usual.name === 'check-body' ? step : usual) });
    const client = h.client();
    const much = 'x'.repeat(200_000);
    client.send(`${GREETING}${asked('a.example')}${much}`);
    await client.receive(CHOSEN);
    expect(client.inner.queued).toBe(0);
    connect();
    await client.receive(SUCCEEDED);
    await (await h.server()).receive(much);
    breakOff(client);
  });
});

describe('a client of SOCKS 4', () => {
  test.each([
    ['an address', '\x04\x01\x01\xbb\xc0\x00\x02\x07me\x00', '192.0.2.7'],
    ['a name', '\x04\x01\x01\xbb\x00\x00\x00\x01me\x00a.example\x00', 'a.example'],
  ])('gets a tunnel to %s', async (_what, request, host) => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send(`${request}early`);
    await client.receive('\x00\x5a\x00\x00\x00\x00\x00\x00');
    await (await h.server()).receive('early');
    const [live] = h.proxy.sessions!();
    expect([live?.session.target?.host, live?.session.client.protocol, live?.session.user]).toEqual([
      host,
      'socks4',
      undefined,
    ]);
    breakOff(client);
  });

  test('is told of a failure', async () => {
    const h = await make({ ...SOCKS, rules: [{ action: 'deny' }] });
    const client = h.client();
    client.send('\x04\x01\x01\xbb\xc0\x00\x02\x07\x00');
    expect(await bytesUntilEnd(client)).toBe('\x00\x5b\x00\x00\x00\x00\x00\x00');
  });
});

describe('a failure of the chainer', () => {
  const unroutable = (code: string) =>
    new ProxyError('destination_ip_unroutable', 'No.', { cause: Object.assign(new Error(code), { code }) });

  test.each([
    [new ProxyError('connection_refused', 'No.'), 5],
    [new ProxyError('connection_timeout', 'No.'), 6],
    [new ProxyError('dns_error', 'No.'), 4],
    [new ProxyError('destination_unavailable', 'No.'), 4],
    [unroutable('EHOSTUNREACH'), 4],
    [unroutable('ENETUNREACH'), 3],
    [new AccessDeniedError('destination_ip_prohibited', 'No.', 'a rule'), 2],
    [new ProxyError('connection_limit_reached', 'No.'), 1],
  ])('%s has its reply', async (error, reply) => {
    const h = await make({ ...SOCKS, chainer: failing(error) });
    const client = h.client();
    client.send(GREETING + asked('a.example'));
    expect(await bytesUntilEnd(client)).toBe(CHOSEN + failed(reply));
    expect(h.records).toMatchObject([{ kind: 'request', error: { code: error.code }, status: error.status }]);
  });

  test('is one also when it takes longer than a response may', async () => {
    const chainer: Chainer = { kind: 'slow', connectServer: () => new Promise(() => {}) };
    const h = await make({ ...SOCKS, chainer, http: { responseTimeout: 20 } });
    const client = h.client();
    client.send(GREETING + asked('a.example'));
    expect(await bytesUntilEnd(client)).toBe(CHOSEN + failed(6));
  });
});

describe('the first byte', () => {
  test('leaves HTTP as it is', async () => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n');
    await client.receive('HTTP/1.1 200 ');
    expect([...h.proxy.sessions!()][0]?.session.client.protocol).toBeUndefined();
    breakOff(client);
  });

  test.each([
    ['SOCKS 5, where SOCKS 4 is accepted', ['http', 'socks4a'], GREETING],
    ['SOCKS 4, where SOCKS 5 is accepted', ['http', 'socks5'], '\x04\x01\x01\xbb\xc0\x00\x02\x07\x00'],
  ] as const)('of %s, is refused by name', async (_what, accept, bytes) => {
    const h = await make({ mode: 'forward', accept });
    const client = h.client();
    client.send(bytes);
    expect(await bytesUntilEnd(client)).toContain('400');
  });

  test('of a second request, or behind an empty line, is none of SOCKS', async () => {
    const h = await make(SOCKS);
    const [line, second] = [h.client(), h.client()];
    line.send(`\r\n${GREETING}`);
    expect(await bytesUntilEnd(line)).toContain(' 400 ');
    second.send(`GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n${GREETING}`);
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 204 No Content\r\n\r\n');
    expect(await bytesUntilEnd(second)).toContain(' 400 ');
  });

  test('of HTTP is refused where only SOCKS is accepted', async () => {
    const h = await make({ mode: 'forward', accept: ['socks5'] });
    const [http, socks] = [h.client(), h.client()];
    http.send('GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n');
    expect(await bytesUntilEnd(http)).toContain('This port speaks SOCKS 5, and not HTTP');
    socks.send(GREETING + asked('a.example'));
    await socks.receive(SUCCEEDED);
    breakOff(socks);
  });
});

describe('the proxy', () => {
  test('tells a client that is one too many that it failed', async () => {
    const h = await make(SOCKS);
    const error = new ProxyError('connection_limit_reached', 'Full.', { setting: 'limits.connections' });
    const client = h.refused(error);
    client.send(GREETING + asked('a.example'));
    expect(await bytesUntilEnd(client)).toBe(CHOSEN + failed(1));
    expect(h.records).toMatchObject([{ error: { setting: 'limits.connections' } }]);
  });

  test('waits, while it drains, for who is being served', async () => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send('\x05');
    await client.until(() => h.proxy.open === 1);
    let isDrained = false;
    const drained = h.proxy.drain().then(() => (isDrained = true));
    client.send('\x01\x00');
    await client.receive(CHOSEN);
    client.send(asked('a.example'));
    await client.receive(SUCCEEDED);
    expect(isDrained).toBe(false);
    breakOff(client);
    await drained;
  });

  test('closes tunnels, and they are tunnels', async () => {
    const h = await make(SOCKS);
    const client = h.client();
    client.send(GREETING + asked('a.example'));
    await client.receive(SUCCEEDED);
    expect(h.proxy.closeOnly?.('requests', 'shutdown.grace')).toBe(0);
    expect(h.proxy.closeOnly?.('tunnels', 'shutdown.tunnels')).toBe(1);
    await client.ended();
  });

  test('notes the version for formats of the log that have it', async () => {
    const h = await make({ ...SOCKS, notesRequests: true, rules: [{ action: 'deny' }] });
    const client = h.client();
    client.send(GREETING + asked('a.example'));
    await client.ended();
    const [record] = h.records;
    expect(record && requestNotes(record.session)?.version).toBe('SOCKS5');
  });
});

test('bytes that are kept before a tunnel are bounded, for all clients together', async () => {
  const waitingBytes = new WaitingBytes(4096);
  const h = await make({ ...SOCKS, waitingBytes });
  const [first, ...others] = Array.from({ length: 3 }, () => h.client());
  for (const client of [first, ...others]) client?.send('\x05');
  expect(first && (await bytesUntilEnd(first))).toBe(failed(1));
  expect(h.records).toMatchObject([{ error: { setting: 'limits.partialHeads' } }]);
  breakOff(...others);
  await expect.poll(() => waitingBytes.held).toBe(0);
});

test('an address of the client decides what it may reach, as for CONNECT', async () => {
  const h = await make(SOCKS);
  const client = h.client({ address: inetAddr('203.0.113.9', 5000)! });
  client.send(GREETING + asked('a.example', 25));
  expect(await bytesUntilEnd(client)).toBe(CHOSEN + failed(2));
  expect(h.records[0]?.error?.setting).toBe('http.connectPorts');
});
