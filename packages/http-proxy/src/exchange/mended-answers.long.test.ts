import { byteByByte, type ServerConnection, whole } from '@inband/core';
import { describe, expect, test, vi } from 'vitest';
import { isShortForm } from '../../../../test/support/tiers/runs.ts';
import { FakeConnection } from '../../../core/test-support/fake-connection.ts';
import type { Peer } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const setUp = useHarness();
/** How bytes arrive. */
const SPLITS = isShortForm ? [byteByByte] : [whole, byteByByte];

/** The proxy has closed this connection. */
async function gone(server: Peer): Promise<void> {
  while (!server.isClosed) {
    if (server.hasEnded) server.connection.end();
    await new Promise(setImmediate);
  }
}

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: d\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: chunked\r\n';
/** A byte in one chunk, which is one however it arrives. */
const CHUNKS = '1\r\nk\r\n0\r\n\r\n';
const BY_LENGTH = 'HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 2\r\nVia: 1.1 inband\r\n\r\nok';
const BY_CHUNKS = `HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: chunked\r\nVia: 1.1 inband\r\n\r\n${CHUNKS}`;

/** What servers send, and what goes to the client. */
const ANSWERS: readonly (readonly [repaired: string, answer: string, sent: string])[] = [
  ['line-end', OK.replaceAll('\r\n', '\n'), BY_LENGTH],
  ['fold', OK.replace('Date: d', 'Date:\r\n d'), BY_LENGTH],
  ['space-before-colon', OK.replace('Date:', 'Date :'), BY_LENGTH],
  ['dropped-line', OK.replace('Date', 'no field\r\nDate'), BY_LENGTH],
  ['control-byte', OK.replace('200 OK', '200 O\x01').replace('O\x01', '\x01OK'), BY_LENGTH.replace('OK', ' OK')],
  ['empty-line', `\r\n${OK}`, BY_LENGTH],
  ['repeated-length', OK.replace('Date', 'Content-Length: 2\r\nDate'), BY_LENGTH],
  ['repeated-length', OK.replace(': 2', ': 2, 2'), BY_LENGTH],
  ['length-beside-chunked', `${CHUNKED}Content-Length: 30\r\n\r\n${CHUNKS}`, BY_CHUNKS],
  ['repeated-chunked', `${CHUNKED}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`, BY_CHUNKS],
  ['repeated-chunked', `${CHUNKED.replace('chunked', 'chunked, chunked')}\r\n${CHUNKS}`, BY_CHUNKS],
  ['identity', OK.replace('Date', 'Transfer-Encoding: identity\r\nDate'), BY_LENGTH],
  ['chunks-in-http-1.0', `${CHUNKED.replace('1.1', '1.0')}Connection: keep-alive\r\n\r\n${CHUNKS}`, BY_CHUNKS.replace('Via: 1.1', 'Via: 1.0')], // prettier-ignore
  ['chunk-line', `${CHUNKED}\r\n${CHUNKS.replace('1', '1  ')}`, BY_CHUNKS],
  ['chunk-line', `${CHUNKED}\r\n${CHUNKS.replace('0', '0; ')}`, BY_CHUNKS],
  ['line-end', `${CHUNKED}\r\n${CHUNKS.replaceAll('\r\n', '\n')}`, BY_CHUNKS],
  ['fold', `${CHUNKED}\r\n${CHUNKS.slice(0, -2)}X-Sum:\r\n 1\r\n\r\n`, `${BY_CHUNKS.slice(0, -2)}X-Sum: 1\r\n\r\n`],
  ['line-end dropped-line', `${CHUNKED}\r\n${CHUNKS.slice(0, -2)}no field\nX: 1\n\n`, `${BY_CHUNKS.slice(0, -2)}X: 1\r\n\r\n`],
]; // prettier-ignore

describe('an answer that has to be mended', () => {
  for (const [repaired, answer, sent] of ANSWERS) {
    test(`is written anew, said so in the log, and its connection not used again: ${repaired}, ${JSON.stringify(answer)}`, async () => {
      for (const split of SPLITS) {
        const h = await setUp({ split });
        const client = h.client();
        client.send(GET);
        const first = await h.server();
        await first.receive('\r\n\r\n');
        first.send(answer);
        expect(await client.receive(sent.slice(-6))).toBe(sent);
        await gone(first);
        // Not what the next one gets, and no error either.
        expect(h.pool.idle).toBe(0);
        client.send(GET);
        const second = await h.server();
        await second.receive('\r\n\r\n');
        second.send(OK);
        expect(await client.receive('ok')).toBe(BY_LENGTH);
        expect(h.records).toMatchObject([
          { status: 200, error: undefined, repaired: repaired.split(' ') },
          { status: 200, error: undefined, repaired: undefined, reused: false },
        ]);
      }
    });

    test(`is not followed by anything that the client did not ask for: ${repaired}, ${JSON.stringify(answer)}`, async () => {
      for (const split of SPLITS) {
        const h = await setUp({ split });
        const client = h.client();
        client.send(GET);
        const first = await h.server();
        await first.receive('\r\n\r\n');
        first.send(`${answer}HTTP/1.1 200 Split\r\nContent-Length: 5\r\n\r\nstolen`);
        expect(await client.receive(sent.slice(-6))).toBe(sent);
        await gone(first);
        client.send(GET);
        const second = await h.server();
        await second.receive('\r\n\r\n');
        second.send(OK);
        expect(await client.receive('ok')).toBe(BY_LENGTH);
        expect(h.records.map(({ error }) => error)).toEqual([undefined, undefined]);
      }
    });

    test(`is refused by http.strict, or resets its client: ${repaired}, ${JSON.stringify(answer)}`, async () => {
      for (const split of SPLITS) {
        const h = await setUp({ split, http: { strict: true } });
        const client = h.client();
        client.send(GET);
        const server = await h.server();
        server.send(answer);
        await gone(server);
        expect(h.records).toMatchObject([{ error: { status: 502 }, repaired: undefined }]);
        expect(client.received).not.toContain('0\r\n\r\n');
      }
    });
  }
});

test('an interim answer that was mended keeps the connection of the final one from being used again', async () => {
  for (const split of SPLITS) {
    const h = await setUp({ split });
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    server.send(`HTTP/1.1 103 Early Hints\nLink : x\n\n${OK}`);
    expect(await client.receive('ok')).toBe(
      `HTTP/1.1 103 Early Hints\r\nLink: x\r\nVia: 1.1 inband\r\n\r\n${BY_LENGTH}`,
    );
    await gone(server);
    expect(h.records).toMatchObject([{ status: 200, repaired: ['line-end', 'space-before-colon'] }]);
  }
});

test('an answer without a body may announce any: to HEAD, and with 204 and 304', async () => {
  const cases = [
    ['HEAD', '200 OK', 'Content-Length: -1'],
    ['HEAD', '200 OK', 'Content-Length: 1\r\nContent-Length: 2'],
    ['HEAD', '200 OK', 'Transfer-Encoding: gzip'],
    ['GET', '204 No Content', 'Transfer-Encoding: chunked'],
    ['GET', '204 No Content', 'Content-Length: 5'],
    ['GET', '304 Not Modified', 'Content-Length: x'],
  ] as const;
  for (const [method, status, framing] of cases) {
    const h = await setUp();
    const client = h.client();
    client.send(GET.replace('GET', method));
    const server = await h.server();
    server.send(`HTTP/1.1 ${status}\r\nDate: d\r\n${framing}\r\n\r\n`);
    await gone(server);
    expect(await client.receive('\r\n\r\n')).toBe(`HTTP/1.1 ${status}\r\nDate: d\r\nVia: 1.1 inband\r\n\r\n`);
    expect(h.records).toMatchObject([{ error: undefined, repaired: ['framing-without-body'] }]);
  }
});

test('what announces a body and must not is the last answer on its connection, with http.strict too', async () => {
  for (const answer of [
    'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  ]) {
    const h = await setUp({ http: { strict: true } });
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    server.send(answer);
    await gone(server);
    expect(await client.receive(' 204 ')).toContain('HTTP/1.1 ');
    expect(h.records).toMatchObject([{ status: 204, error: undefined, repaired: ['framing-without-body'] }]);
  }
});

test('content with the coding identity goes on until the connection closes', async () => {
  const h = await setUp();
  const client = h.client();
  client.send(GET);
  const server = await h.server();
  server.send('HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\nmore');
  server.connection.end();
  expect(await client.receive('0\r\n\r\n')).toContain('\r\n\r\n');
  await client.receive('more\r\n0\r\n\r\n');
  expect(h.records).toMatchObject([{ bytesOut: 9, error: undefined, repaired: ['identity'] }]);
});

describe('101 without Connection: Upgrade', () => {
  const ASK = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: Other\r\n\r\n';
  const SWITCH = 'HTTP/1.1 101 Go\r\nUpgrade: other\r\nConnection: keep-alive\r\n\r\n';

  test('opens the tunnel that was asked for', async () => {
    const h = await setUp();
    const client = h.client();
    client.send(ASK);
    const server = await h.server();
    server.send(`${SWITCH}hello`);
    expect(await client.receive('\r\n\r\n')).toContain('\r\nConnection: Upgrade\r\nUpgrade: other\r\n');
    await client.receive('hello');
    client.send('and back');
    await server.receive('and back');
    client.connection.end();
    server.connection.end();
    await gone(server);
    await client.closed();
    expect(h.records).toMatchObject([{ kind: 'tunnel', status: 101, repaired: ['upgrade-without-connection'] }]);
  });

  test('is refused where it was not asked for, where another was, and by http.strict', async () => {
    for (const [request, strict] of [
      [GET, false],
      [ASK.replace('Other', 'another'), false],
      [ASK, true],
    ] as const) {
      const h = await setUp({ http: { strict } });
      const client = h.client();
      client.send(request);
      const server = await h.server();
      server.send(SWITCH);
      await client.receive('HTTP/1.1 502 ');
      expect(h.records).toMatchObject([{ status: 502, error: { code: 'http_upgrade_failed' } }]);
      await gone(server);
    }
  });
});

test('where the server connection is the only one there is, the client connection closes with it', async () => {
  const CUT = `${CHUNKED}\r\n${CHUNKS.slice(0, -2)}`;
  for (const [pieces, isTold] of [
    [[OK.replace('Date:', 'Date :')], true],
    // Known only behind the head that said otherwise.
    [[CUT, 'X: 1\n\n'], false],
    [[OK], undefined],
  ] as const) {
    const server = new FakeConnection();
    let released = 0;
    const connected: ServerConnection = {
      connection: server,
      remote: server.remote,
      local: server.local,
      reused: false,
      irreplaceable: true,
      release: () => (released += 1),
      destroy: (error) => server.destroy(error),
    };
    const h = await setUp({ chainer: { kind: 'given', connectServer: () => connected } });
    const client = h.client();
    client.send(GET);
    await vi.waitFor(() => expect(server.written.length).toBeGreaterThan(0));
    for (const piece of pieces) server.handler.data(Buffer.from(piece, 'latin1'), 0, piece.length);
    if (isTold === undefined) {
      await client.receive('ok');
      expect([released, server.destroyed, client.hasEnded]).toEqual([1, false, false]);
    } else {
      await client.ended();
      expect(client.received.includes('Connection: close\r\n')).toBe(isTold);
      expect([released, server.destroyed]).toEqual([0, true]);
    }
  }
});

test('what was mended in a body that breaks off is said in the log', async () => {
  const h = await setUp();
  const client = h.client();
  client.send(GET);
  const server = await h.server();
  await server.receive('\r\n\r\n');
  server.send(`${CHUNKED}\r\n2 \r\nok\r\n`);
  await client.receive('ok');
  server.connection.destroy();
  await client.closed();
  expect(h.records).toMatchObject([{ error: { code: 'http_response_incomplete' }, repaired: ['chunk-line'] }]);
});

test('requests are as strict about lines as ever', async () => {
  for (const request of [
    GET.replaceAll('\r\n', '\n'),
    GET.replace('Host:', 'Host :'),
    GET.replace('Host', 'A: b\r\n c\r\nHost'),
    GET.replace('Host', 'no field\r\nHost'),
    GET.replace('Host', 'A: \x01\r\nHost'),
    'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\n',
  ]) {
    const h = await setUp();
    const client = h.client();
    client.send(request);
    await client.receive('HTTP/1.1 400 ');
  }
});
