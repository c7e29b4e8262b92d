import { ProxyError, type Chainer, type ServerConnection } from '@inband/core';
import { describe, expect, test, vi } from 'vitest';
import { perForm } from '../../../../test/support/tiers/runs.ts';
import { byteByByte, pseudoRandom, whole } from '@inband/core';
import { FakeConnection } from '../../../core/test-support/fake-connection.ts';
import type { Harness, HarnessOptions } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const setUp = useHarness();

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: d\r\n\r\nok';
const OK_SENT = 'HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 2\r\nVia: 1.1 inband\r\n\r\nok';
const HEAD_END = '\r\n\r\n';

describe('keep-alive', () => {
  for (const [name, split] of [
    ['whole', whole],
    ['byte by byte', byteByByte],
    ['in any pieces', pseudoRandom(7)],
  ] as const) {
    test(`one connection on either side serves request after request (${name})`, async () => {
      const h = await setUp({ split });
      const client = h.client();
      client.send(GET);
      const server = await h.server();
      for (let round = 0; round < 3; round++) {
        if (round > 0) client.send(GET);
        expect(await server.receive(HEAD_END)).toContain('GET /a HTTP/1.1\r\nHost: h\r\n');
        server.send(OK);
        expect(await client.receive('ok')).toBe(OK_SENT);
      }
      expect(h.dialled).toBe(1);
      expect(h.records.map((record) => [record.status, record.reused, record.bytesOut, record.error])).toEqual([
        [200, false, 2, undefined],
        [200, true, 2, undefined],
        [200, true, 2, undefined],
      ]);
    });
  }

  test('ends where the client says so, or speaks HTTP/1.0', async () => {
    const h = await setUp();
    for (const head of [
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
      'GET / HTTP/1.0\r\nHost: h\r\n\r\n',
    ]) {
      const client = h.client();
      client.send(head);
      if (h.dialled === 0)
        await h
          .server()
          .then(
            (server) => (server.connection.handler = { ...server.connection.handler, data: () => server.send(OK) }),
          );
      await client.ended();
      expect(client.received).toContain('Connection: close\r\n');
      expect(client.received.endsWith('ok')).toBe(true);
    }
  });

  test('a server that closes after its response is not used again', async () => {
    const h = await setUp();
    const client = h.client();
    client.send(GET);
    const first = await h.server();
    await first.receive(HEAD_END);
    first.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    await client.receive('ok');
    client.send(GET);
    const second = await h.server();
    await second.receive(HEAD_END);
    second.send(OK);
    await client.receive('ok');
    expect(h.dialled).toBe(2);
  });

  test("bytes behind a response are nobody's: the connection is not used again", async () => {
    const h = await setUp();
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    server.send(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nPOISONED`);
    await client.receive('ok');
    await server.ended();
    expect([client.received, h.pool.open]).toEqual(['', 0]);
  });
});

describe('pipelining', () => {
  test('requests are answered in order, one at a time', async () => {
    for (const split of [whole, byteByByte, pseudoRandom(3)]) {
      const h = await setUp({ split });
      const client = h.client();
      const paths = ['/1', '/2', '/3', '/4', '/5'];
      client.send(paths.map((path) => `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody`).join(''));
      const server = await h.server();
      for (const path of paths) {
        expect(await server.receive('body')).toContain(`POST ${path} `);
        expect(server.received).toBe('');
        server.send(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${path}`);
      }
      await client.until(() => client.received.endsWith('/5'));
      expect([...client.received.matchAll(/\r\n\r\n(\/\d)/g)].map((match) => match[1])).toEqual(paths);
    }
  });

  test('what follows the last request is dropped, and the answers before it are whole', async () => {
    const h = await setUp();
    const client = h.client();
    client.send(`${GET}BAD\r\n\r\n${GET}`);
    const server = await h.server();
    server.send(OK);
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 200 [^]*okHTTP\/1\.1 400 /);
    expect(client.received.match(/HTTP\/1\.1 /g)).toHaveLength(2);
  });

  test('a client that does not read its answers is not served further: what is queued stays bounded', async () => {
    const h = await setUp({ window: 16_384 });
    const client = h.client();
    client.connection.pause();
    const body = 'x'.repeat(30_000);
    client.send(GET.repeat(2000));
    const server = await h.server();
    let most = 0;
    let answered = 0;
    for (let idle = 0; idle < 50;) {
      if (server.received.includes(HEAD_END)) {
        await server.receive(HEAD_END);
        server.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        answered += 1;
        idle = 0;
        if (answered > 100) break;
      } else idle += 1;
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, client.inner.queued);
    }
    expect(most).toBeLessThan(200_000);
    expect(answered).toBeLessThan(10);
    h.proxy.close();
  });

  test('local answers that are not read are bounded too', async () => {
    const h = await setUp({ mode: 'forward', window: 4096 });
    const client = h.client();
    client.connection.pause();
    for (let round = 0; round < 50; round++) {
      client.send('OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(200));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(client.inner.queued).toBeLessThan(100_000);
    h.proxy.close();
  });
});

describe('trying again', () => {
  /** A proxy whose one server connection is idle in the pool; the server closes it when the next request comes. */
  async function stale(request: string, answer = ''): Promise<{ h: Harness; client: ReturnType<Harness['client']> }> {
    const h = await setUp();
    const client = h.client();
    client.send(GET);
    const first = await h.server();
    await first.receive(HEAD_END);
    first.send(OK);
    await client.receive('ok');
    client.send(request);
    await first.receive(HEAD_END);
    if (answer !== '') first.send(answer);
    first.connection.destroy();
    return { h, client };
  }

  test('a request without effect is sent again on a fresh connection', async () => {
    const { h, client } = await stale(GET);
    const second = await h.server();
    expect(await second.receive(HEAD_END)).toContain('GET /a ');
    second.send(OK);
    await client.receive('ok');
    expect(h.records[1]).toMatchObject({ status: 200, reused: false, error: undefined });
  });

  test('never when it could take effect twice, or anything was answered', async () => {
    const cases: readonly (readonly [request: string, answer?: string])[] = [
      ['POST / HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi'],
      [GET, 'H'],
      [GET, 'HTTP/1.1 100 Continue\r\n\r\n'],
    ];
    for (const [request, answer] of cases) {
      const { h, client } = await stale(request, answer);
      await client.receive('HTTP/1.1 502 Bad Gateway');
      expect(h.dialled).toBe(1);
      expect(h.records[1]!.error).toMatchObject({ code: 'connection_terminated' });
    }
  });

  test('only once: a fresh connection that dies is an error', async () => {
    const { h, client } = await stale(GET);
    const second = await h.server();
    await second.receive(HEAD_END);
    second.connection.destroy();
    await client.receive('HTTP/1.1 502 ');
    expect(h.dialled).toBe(2);
  });

  test('happens after no failure of a fresh connection', async () => {
    const h = await setUp();
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    await server.receive(HEAD_END);
    server.connection.destroy();
    await client.receive('HTTP/1.1 502 ');
    expect(h.dialled).toBe(1);
  });
});

describe('bodies', () => {
  test('go up and down in chunks, with trailers', async () => {
    for (const split of [whole, byteByByte]) {
      const h = await setUp({ split });
      const client = h.client();
      client.send(
        'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nX-T: 1\r\nHost: evil\r\n\r\n',
      );
      const server = await h.server();
      const up = await server.receive('X-T: 1\r\n\r\n');
      expect(up).not.toContain('evil');
      server.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-U: 2\r\n\r\n');
      expect(await client.receive('X-U: 2\r\n\r\n')).toContain('Transfer-Encoding: chunked\r\n');
      expect(h.records[0]).toMatchObject({ bytesIn: 3, bytesOut: 2, status: 200 });
    }
  });

  test('that end with the connection become chunks for HTTP/1.1 and stay so for 1.0', async () => {
    for (const version of ['1.1', '1.0']) {
      const h = await setUp();
      const client = h.client();
      client.send(`GET / HTTP/${version}\r\nHost: h\r\n\r\n`);
      const server = await h.server();
      server.send('HTTP/1.1 200 OK\r\n\r\nhello');
      server.connection.end();
      if (version === '1.1') expect(await client.receive('0\r\n\r\n')).toMatch(/\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/);
      else {
        await client.ended();
        expect(client.received).toMatch(/Connection: close\r\n[^]*\r\n\r\nhello$/);
      }
    }
  });

  test('a body that comes with the head before a server is found is kept for it', async () => {
    const h = await setUp();
    const client = h.client();
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world${GET}`);
    const server = await h.server();
    expect(await server.receive('hello world')).toContain('Content-Length: 11');
    expect(server.received).toBe('');
    server.send(OK);
    await client.receive('ok');
    expect(await server.receive(HEAD_END)).toContain('GET /a');
    server.send(OK);
    await client.receive('ok');
  });

  test('of any size take bounded memory either way', async () => {
    const window = 32_768;
    const size = perForm(3_000_000, 600_000);
    const h = await setUp({ window });
    const client = h.client();
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`);
    const server = await h.server();
    const toServer = h.network
      .connections()
      .find(
        (end) => end.remote === server.connection.local || (end.remote.family === 'inet' && end.remote.port === 8000),
      )!;
    server.connection.pause();
    const piece = Buffer.alloc(60_000, 0x61);
    let most = 0;
    for (let sent = 0; sent < size; sent += piece.length) {
      client.connection.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, toServer.queued);
    }
    expect(most).toBeLessThan(window + 3 * 65_536);
    server.connection.resume();
    await server.until(() => server.received.length > size);
    server.received = '';
    client.connection.pause();
    server.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    most = 0;
    for (let sent = 0; sent < size; sent += piece.length) {
      server.connection.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, client.inner.queued);
    }
    expect(most).toBeLessThan(window + 3 * 65_536);
    client.connection.resume();
    await client.until(() => client.received.length > size);
    expect(h.records[0]).toMatchObject({ bytesIn: size, bytesOut: size });
  });

  test('a slow client gets the whole of its last answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const h = await setUp({ window: 1000 });
      const client = h.client();
      client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
      const server = await h.server();
      await server.receive(HEAD_END);
      client.connection.pause();
      server.send(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`);
      while (client.inner.queued === 0) await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(10_000);
      client.connection.resume();
      await client.ended();
      expect(client.received.length).toBeGreaterThan(50_000);
      client.connection.end();
      await client.closed();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('an early answer', () => {
  test('before the body is complete closes the connection after it', async () => {
    const h = await setUp();
    const client = h.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nstart');
    const server = await h.server();
    await server.receive('start');
    server.send('HTTP/1.1 413 Too Big\r\nContent-Length: 2\r\n\r\nno');
    await client.ended();
    expect(client.received).toContain('Connection: close\r\n');
    client.send('x'.repeat(95));
    client.connection.end();
    await server.ended();
    expect(h.pool.idle).toBe(0);
    expect(h.records[0]).toMatchObject({ status: 413, bytesIn: 5, bytesOut: 2, error: undefined });
  });
});

describe('interim responses', () => {
  test('pass, and so does the body that waited for one', async () => {
    for (const split of [whole, byteByByte]) {
      const h = await setUp({ split });
      const client = h.client();
      client.send('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
      const server = await h.server();
      expect(await server.receive(HEAD_END)).toContain('Expect: 100-continue');
      server.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
      expect(await client.receive(HEAD_END)).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
      expect(await client.receive(HEAD_END)).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: x\r\n/);
      client.send('body');
      await server.receive('body');
      server.send(OK);
      await client.receive('ok');
      expect(h.records[0]).toMatchObject({ status: 200, bytesIn: 4 });
    }
  });

  test('do not reach an HTTP/1.0 client', async () => {
    const h = await setUp();
    const old = h.client();
    old.send('GET / HTTP/1.0\r\nHost: h\r\n\r\n');
    const server = await h.server();
    server.send(`HTTP/1.1 103 x\r\n\r\n${OK}`);
    await old.ended();
    expect(old.received).not.toContain('103');
  });

  test('without end are an error', async () => {
    const h = await setUp();
    const client = h.client();
    client.send(GET);
    const busy = await h.server();
    busy.send('HTTP/1.1 102 Processing\r\n\r\n'.repeat(65));
    await client.receive('HTTP/1.1 502 ');
    expect(h.records[0]!.error).toMatchObject({ code: 'http_protocol_error' });
  });
});

describe('a bad response', () => {
  const cases: readonly (readonly [response: string, code: string])[] = [
    ['HTTP/1.1 200 OK\rX: y\r\n\r\n', 'http_protocol_error'],
    ['SSH-2.0-x\r\n', 'http_protocol_error'],
    ['HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx', 'http_protocol_error'],
    [`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(201)}\r\n`, 'http_response_header_section_size'],
    [`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(70_000)}\r\n\r\n`, 'http_response_header_section_size'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', 'http_response_transfer_coding'],
    ['HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', 'http_upgrade_failed'],
  ];
  for (const [response, code] of cases) {
    test(`${JSON.stringify(response.slice(0, 50))} is answered with 502 ${code}`, async () => {
      const h = await setUp();
      const client = h.client();
      client.send(GET);
      const server = await h.server();
      server.send(response);
      await client.answered();
      expect(client.received).toMatch(/^HTTP\/1\.1 502 /);
      expect(client.received).toContain(`error=${code};`);
      await server.closed();
      expect(h.records).toMatchObject([{ status: 502, error: { code } }]);
    });
  }

  test('whose body is cut or malformed resets the client, so that nobody takes it for whole', async () => {
    for (const [head, body, code] of [
      ['Content-Length: 10', 'half', 'http_response_incomplete'],
      ['Transfer-Encoding: chunked', '5\r\nab', 'http_response_incomplete'],
      ['Transfer-Encoding: chunked', 'zz\r\n', 'http_response_transfer_coding'],
    ] as const) {
      const h = await setUp();
      const client = h.client();
      client.send(GET);
      const server = await h.server();
      server.send(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`);
      await client.receive(HEAD_END);
      server.send(body);
      server.connection.end();
      expect(await client.closed()).toMatchObject({ code: 'connection_terminated' });
      expect(client.received).not.toMatch(/(^|\n)0\r\n/);
      expect(h.records[0]!.error).toMatchObject({ code });
    }
  });
});

describe('tunnels', () => {
  const CONNECT = 'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n';

  test('CONNECT carries bytes both ways, what came early included, and records them', async () => {
    for (const split of [whole, byteByByte]) {
      const h = await setUp({ mode: 'forward', split });
      const client = h.client();
      client.send(`${CONNECT}early`);
      const server = await h.server();
      await server.receive('early');
      expect(await client.receive(HEAD_END)).toMatch(/^HTTP\/1\.1 200 [^\r]*\r\n/);
      server.send('hello');
      await client.receive('hello');
      client.connection.end();
      await server.ended();
      server.send('bye');
      server.connection.end();
      await client.receive('bye');
      await client.closed();
      expect(h.records).toMatchObject([
        { kind: 'tunnel', status: 200, bytesIn: 5, bytesOut: 8, error: undefined, aborted: false, url: 'h:443' },
      ]);
    }
  });

  test('never use a pooled connection, and ports that are not allowed are refused', async () => {
    const h = await setUp({ mode: 'forward', http: { connectPorts: [443] } });
    const plain = h.client();
    plain.send('GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n');
    const first = await h.server();
    first.send(OK);
    await plain.receive('ok');
    expect(h.pool.idle).toBe(1);
    const tunnel = h.client();
    tunnel.send(CONNECT);
    const server = await h.server();
    await tunnel.receive(HEAD_END);
    server.connection.end();
    const refused = h.client();
    refused.send('CONNECT h:25 HTTP/1.1\r\nHost: h\r\n\r\n');
    await refused.ended();
    expect(refused.received).toMatch(/^HTTP\/1\.1 403 [^]*"setting": "services\.test\.http\.connectPorts"/);
    expect(h.dialled).toBe(2);
  });

  test('that nobody uses end after the idle time', async () => {
    const h = await setUp({ mode: 'forward', http: { tunnelIdleTimeout: 10 } });
    const client = h.client();
    client.send(CONNECT);
    const server = await h.server();
    await client.ended();
    await server.ended();
    client.connection.end();
    server.connection.end();
    await server.closed();
  });

  test('an upgrade that was asked for becomes one', async () => {
    const h = await setUp();
    const client = h.client();
    client.send(
      'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n',
    );
    const server = await h.server();
    expect(await server.receive(HEAD_END)).toContain('Connection: Upgrade\r\nUpgrade: WebSocket\r\n');
    server.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst frame');
    expect(await client.receive('first frame')).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/,
    );
    client.send('\0frame');
    await server.receive('\0frame');
    client.connection.destroy(new Error('gone'));
    await server.closed();
    await client.closed();
    expect(h.records).toMatchObject([{ kind: 'tunnel', status: 101, bytesIn: 6, bytesOut: 11 }]);
  });

  test('a server that declines an upgrade answers as usual', async () => {
    const h = await setUp();
    const client = h.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n');
    const server = await h.server();
    server.send(OK);
    await client.receive('ok');
    client.send(GET);
    await server.receive('GET /a');
    server.send(OK);
    await client.receive('ok');
  });

  test('a closed proxy ends them', async () => {
    const h = await setUp({ mode: 'forward' });
    const client = h.client();
    client.send(CONNECT);
    const server = await h.server();
    await client.receive(HEAD_END);
    h.proxy.close();
    await Promise.all([client.ended(), server.ended()]);
    client.connection.end();
    server.connection.end();
    await server.closed();
  });
});

describe('time runs out', () => {
  const ask = 'GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n';
  const post = 'POST http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx';
  const cases: readonly (readonly [
    name: string,
    http: HarnessOptions['http'],
    status: number,
    act: (h: Harness, client: ReturnType<Harness['client']>) => Promise<void>,
  ])[] = [
    ['for a request head', { headerTimeout: 20 }, 408, async (_h, client) => client.send('GET / HT')],
    ['for a request body', { bodyTimeout: 20 }, 408, async (_h, client) => client.send(post)],
    ['for a response', { responseTimeout: 20 }, 504, async (_h, client) => client.send(ask)],
    [
      'for a response head',
      { headerTimeout: 20 },
      504,
      async (h, client) => {
        client.send(ask);
        (await h.server()).send('HTTP/1.1 200 OK\r\nX');
      },
    ],
  ];
  for (const [name, http, status, act] of cases) {
    test(name, async () => {
      const h = await setUp({ mode: 'forward', http: http! });
      const client = h.client();
      await act(h, client);
      await client.answered();
      expect(client.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(client.received).toContain('"setting": "services.test.http.');
      expect(h.records).toMatchObject([{ status }]);
    });
  }

  test('for a response body', async () => {
    const h = await setUp({ http: { bodyTimeout: 20 } });
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx');
    expect(await client.closed()).toMatchObject({ code: 'connection_terminated' });
    expect(h.records[0]!.error).toMatchObject({ code: 'connection_read_timeout' });
  });

  test('for a server that does not read the body', async () => {
    const h = await setUp({ http: { bodyTimeout: 30 }, window: 100 });
    const client = h.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n');
    const server = await h.server();
    server.connection.pause();
    client.send('x'.repeat(5000));
    await client.ended();
    expect(h.records[0]!.error).toMatchObject({ code: 'connection_write_timeout', status: 504 });
  });

  test('for a server that does not accept', async () => {
    const h = await setUp({
      http: { responseTimeout: 20 },
      chainer: { kind: 'slow', connectServer: () => new Promise<never>(() => {}) },
    });
    const client = h.client();
    client.send(GET);
    await client.answered();
    expect(client.received).toMatch(/^HTTP\/1\.1 504 /);
    expect(h.records[0]!.error).toMatchObject({ code: 'connection_timeout' });
    expect(h.records[0]!.session.aborted).toBe(true);
  });

  test('between requests, without an answer', async () => {
    const h = await setUp({ http: { idleTimeout: 20 } });
    const client = h.client();
    await client.ended();
    expect(client.received).toBe('');
    expect(h.records).toEqual([]);
  });
});

describe('a client that goes away', () => {
  const moments: Record<string, (h: Harness, client: ReturnType<Harness['client']>) => Promise<void>> = {
    'before its head is complete': async (_h, client) => client.send('GET /'),
    'in the middle of its body': async (h, client) => {
      client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx');
      await (await h.server()).receive('x');
    },
    'while it waits for a response': async (h, client) => {
      client.send(GET);
      await (await h.server()).receive(HEAD_END);
    },
    'in the middle of the response head': async (h, client) => {
      client.send(GET);
      (await h.server()).send('HTTP/1.1 200');
    },
    'in the middle of the response': async (h, client) => {
      client.send(GET);
      (await h.server()).send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx');
      await client.receive(`${HEAD_END}x`);
    },
    'between requests': async (h, client) => {
      client.send(GET);
      (await h.server()).send(OK);
      await client.receive('ok');
    },
  };
  for (const [moment, act] of Object.entries(moments)) {
    test(`${moment} leaves nothing behind`, async () => {
      const h = await setUp();
      const client = h.client();
      await act(h, client);
      await new Promise((resolve) => setImmediate(resolve));
      client.connection.destroy(new Error('gone'));
      await vi.waitFor(() => expect(h.proxy.open).toBe(0));
      if (moment.startsWith('between')) expect(h.records).toMatchObject([{ aborted: false, status: 200 }]);
      else if (moment.startsWith('before')) expect(h.records).toEqual([]);
      else expect(h.records).toMatchObject([{ aborted: true, error: undefined }]);
      expect(h.pool.open).toBe(moment.startsWith('between') ? 1 : 0);
    });
  }

  test('while a server is looked for: the connection that comes late is closed', async () => {
    let late: ((server: ServerConnection) => void) | undefined;
    const h = await setUp({
      chainer: { kind: 'late', connectServer: () => new Promise((resolve) => (late = resolve)) },
    });
    const client = h.client();
    client.send(GET);
    await vi.waitFor(() => expect(late).toBeDefined());
    client.connection.destroy(new Error('gone'));
    await vi.waitFor(() => expect(h.proxy.open).toBe(0));
    expect(h.records).toMatchObject([{ aborted: true, status: 0 }]);
    const pair = h.network.connectPair();
    const server = h.pool.adopt(pair.client, pair.client.remote, 'k');
    late!(server);
    await vi.waitFor(() => expect(h.pool.open).toBe(0));
    pair.server.destroy();
  });

  test('half-closing is not going away: it still gets its answer', async () => {
    const h = await setUp();
    const client = h.client();
    client.send(GET);
    client.connection.end();
    const server = await h.server();
    await server.receive(HEAD_END);
    server.send(OK);
    await client.receive('ok');
    await client.closed();
    expect(h.records).toMatchObject([{ status: 200, aborted: false }]);
  });

  test('half-closing within a head or a body is a request error', async () => {
    for (const request of [
      'GET / HT',
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx',
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n',
    ]) {
      const h = await setUp();
      const client = h.client();
      client.send(request);
      client.connection.end();
      await client.ended();
      expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
    }
  });
});

describe('clients that speak something else', () => {
  for (const [name, bytes, message] of [
    ['TLS', '\x16\x03\x01\x00\xa5\x01\x00', 'This is TLS, and the port speaks plain HTTP'],
    ['SOCKS 5', '\x05\x01\x00', 'This is SOCKS 5, and the port speaks HTTP'],
    ['SOCKS 4', '\x04\x01\x00\x50\x7f\x00\x00\x01\x00', 'This is SOCKS 4, and the port speaks HTTP'],
  ] as const) {
    for (const split of [whole, byteByByte]) {
      test(`${name} is called by its name, ${split === whole ? 'whole' : 'byte by byte'}`, async () => {
        const h = await setUp({ split });
        const client = h.client();
        client.send(bytes);
        await client.ended();
        expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
        expect(client.received).toContain(message);
        expect(h.records.map(({ error }) => error?.message)).toEqual([expect.stringContaining(message)]);
      });
    }
  }
});

describe('chainers that fail', () => {
  const failing: Record<string, Chainer['connectServer']> = {
    'reject with a proxy error': () =>
      Promise.reject(new ProxyError('dns_error', 'Unknown.', { setting: 'chainer.remote' })),
    'throw one': () => {
      throw new ProxyError('dns_error', 'Unknown.', { setting: 'chainer.remote' });
    },
  };
  for (const [how, connectServer] of Object.entries(failing)) {
    test(`${how}: the client hears of it, and which setting of which route`, async () => {
      const h = await setUp({ mode: 'forward', chainer: { kind: 'x', connectServer } });
      const client = h.client();
      client.send('GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n');
      await client.answered();
      expect(client.received).toMatch(/^HTTP\/1\.1 502 /);
      expect(client.received).toMatch(
        /Proxy-Status: inband; error=dns_error; id="[0-9a-z]{8}-\d+"; details="Unknown\."/,
      );
      expect(client.received).toContain('"setting": "services.test.routes[0].chainer.remote"');
      expect(h.records[0]).toMatchObject({
        status: 502,
        error: { code: 'dns_error' },
        session: { target: { host: 'h', port: 80 }, method: 'GET' },
      });
    });
  }

  test('with anything else: a defect, and the proxy goes on', async () => {
    const h = await setUp({
      chainer: {
        kind: 'x',
        connectServer: () => {
          throw new TypeError('x is undefined');
        },
      },
    });
    const client = h.client();
    client.send(GET);
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 500 /);
    expect(client.received).not.toContain('undefined');
    expect(h.records[0]).toMatchObject({
      status: 500,
      error: { code: 'proxy_internal_error', message: 'x is undefined' },
    });
    expect(h.defects.splice(0)).toHaveLength(1);
  });
});

test('a chainer that resolves to nothing is a defect, answered as one', async () => {
  const connectServer = (): Promise<ServerConnection> => Promise.resolve(undefined as unknown as ServerConnection);
  const h = await setUp({ chainer: { kind: 'x', connectServer } });
  const client = h.client();
  client.send(GET);
  await client.ended();
  expect(client.received).toMatch(/^HTTP\/1\.1 500 /);
  h.defects.length = 0;
});

test('a server connection that comes when the proxy has just been closed is destroyed', async () => {
  const server = new FakeConnection();
  const { remote, local } = server;
  let proxy: Harness['proxy'] | undefined;
  const h = await setUp({
    chainer: {
      kind: 'closing',
      connectServer() {
        proxy?.close();
        return { connection: server, remote, local, reused: false, release() {}, destroy: () => server.destroy() };
      },
    },
  });
  ({ proxy } = h);
  const client = h.client();
  client.send(GET);
  await client.ended();
  expect([server.destroyed, server.writes]).toEqual([true, []]);
});

describe('a server connection that gives more at once than is gathered', () => {
  function given(): { readonly server: FakeConnection; readonly chainer: Chainer } {
    const server = new FakeConnection();
    const connected: ServerConnection = {
      connection: server,
      remote: server.remote,
      local: server.local,
      reused: false,
      release() {},
      destroy: (error) => server.destroy(error),
    };
    return { server, chainer: { kind: 'given', connectServer: () => connected } };
  }

  test('passes it on whole', async () => {
    const { server, chainer } = given();
    const h = await setUp({ chainer });
    const client = h.client();
    client.send(GET);
    await vi.waitFor(() => expect(server.written.length).toBeGreaterThan(0));
    const body = 'x'.repeat(300_000);
    const bytes = Buffer.from(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );
    server.handler.data(bytes, 0, bytes.length);
    await client.receive('\r\n0\r\n\r\n');
    expect(h.records).toMatchObject([{ bytesOut: 300_000 }]);
  });

  test('and breaks its framing after that resets the client instead of answering into the middle', async () => {
    const { server, chainer } = given();
    const h = await setUp({ chainer });
    const client = h.client();
    client.send(GET);
    await vi.waitFor(() => expect(server.written.length).toBeGreaterThan(0));
    const bytes = Buffer.from(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n${'x'.repeat(0x20000)}\r\nzz\r\n`,
    );
    server.handler.data(bytes, 0, bytes.length);
    await client.closed();
    expect(client.received).not.toContain('HTTP/1.1 502');
    expect(server.destroyed).toBe(true);
  });
});

test('a route that does not exist is 404 in reverse mode and 403 in forward mode', async () => {
  for (const [mode, request, status] of [
    ['reverse', GET, 404],
    ['forward', 'GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n', 403],
  ] as const) {
    const h = await setUp({ mode, route: () => undefined });
    const client = h.client();
    client.send(request);
    await client.answered();
    expect(client.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  }
});

test('policy is asked before any server is looked for', async () => {
  const h = await setUp({ rules: [{ action: 'deny', methods: ['DELETE'], reason: 'Read only.' }] });
  const client = h.client();
  client.send('DELETE / HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.answered();
  expect(client.received).toMatch(/^HTTP\/1\.1 403 [^]*Read only\./);
  expect(h.dialled).toBe(0);
});

test('a body that is larger than allowed is 413, announced or not, and never completed at the server', async () => {
  const h = await setUp({ http: { maxBody: 10 } });
  const announced = h.client();
  announced.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n');
  await announced.ended();
  expect(announced.received).toMatch(/^HTTP\/1\.1 413 /);
  expect(h.dialled).toBe(0);
  const client = h.client();
  client.send('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  const server = await h.server();
  await server.receive('hello\r\n');
  client.send('6\r\nworld!\r\n0\r\n\r\n');
  await client.ended();
  expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
  expect(await server.closed()).toMatchObject({ code: 'connection_terminated' });
  expect(server.received).not.toContain('0\r\n\r\n');
});

test('a response to HEAD has no body whatever it announces, and the connection is used again', async () => {
  const h = await setUp();
  const client = h.client();
  client.send('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
  const server = await h.server();
  await server.receive(HEAD_END);
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n');
  expect(await client.receive(HEAD_END)).toContain('Content-Length: 99');
  client.send(GET);
  await server.receive(HEAD_END);
  server.send(OK);
  await client.receive('ok');
  expect(h.dialled).toBe(1);
});

test('the time for a response includes connecting', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const server = new FakeConnection();
    const connected = Promise.withResolvers<ServerConnection>();
    const h = await setUp({
      http: { responseTimeout: 1000 },
      chainer: { kind: 'late', connectServer: () => connected.promise },
    });
    const client = h.client();
    client.send(GET);
    while (!h.timers.list(1000).size) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(900);
    connected.resolve({
      connection: server,
      remote: server.remote,
      local: server.local,
      reused: false,
      release() {},
      destroy: (error) => server.destroy(error),
    });
    while (server.written.length === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(110);
    await client.answered();
    expect(client.received).toMatch(/^HTTP\/1\.1 504 /);
    expect(h.records[0]!.error).toMatchObject({ code: 'http_response_timeout' });
  } finally {
    vi.useRealTimers();
  }
});

test('a client that has read its last answer and does not close is not reset for it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const h = await setUp({ window: 1000 });
    const client = h.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    const server = await h.server();
    await server.receive(HEAD_END);
    client.connection.pause();
    server.send(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`);
    while (client.inner.queued === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(10_000);
    client.connection.resume();
    await client.ended();
    vi.advanceTimersByTime(120_000);
    expect(h.proxy.open).toBe(0);
    client.connection.end();
    expect(await client.closed()).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});
