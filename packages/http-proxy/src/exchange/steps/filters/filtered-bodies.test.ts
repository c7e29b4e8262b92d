import { type BodyFunction, type Filter, type FilterBody, wholeBodies } from '@inband/core';
import { createGunzip, gzipSync } from 'node:zlib';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { perForm } from '../../../../../../test/support/tiers/runs.ts';
import { passTime, passTimeUntil } from '../../../../../core/test-support/passing-time.ts';
import type { Harness, HarnessOptions, Peer } from '../../../../test-support/harness.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

const SIMULATED = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] as const;

beforeEach(() => void vi.useFakeTimers({ toFake: [...SIMULATED] }));
afterEach(() => void vi.useRealTimers());
const make = useHarness();
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const post = (body: string, more = ''): string =>
  `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const CHUNKED_POST =
  'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nX-T: t\r\n\r\n';
const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const upper: BodyFunction = async function* (body) {
  for await (const chunk of body) yield Buffer.from(chunk).toString('latin1').toUpperCase();
};
const twice: BodyFunction = async function* (body) {
  for await (const chunk of body) {
    yield chunk;
    yield chunk;
  }
};
const upperStream = () =>
  new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(Buffer.from(Buffer.from(chunk).toString('latin1').toUpperCase()));
    },
  });

interface Talk {
  readonly harness: Harness;
  readonly client: Peer;
  readonly server: Peer;
}

async function begin(filters: readonly Filter[], request: string, options: HarnessOptions = {}): Promise<Talk> {
  const harness = await make({ filters, ...options });
  const client = harness.client();
  client.send(request);
  const server = await harness.server();
  return { harness, client, server };
}

/** The content of a message that comes in chunks. */
function dechunked(message: string): string {
  const [, body = ''] = /\r\n\r\n([^]*)$/.exec(message) ?? [];
  return Array.from(body.matchAll(/([0-9a-f]+)\r\n/g), ([line, size = '0'], at) => [line, size, at] as const).length ===
    0
    ? body
    : body.replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '');
}

describe('a filter that wants whole requests', () => {
  const seen: (string | undefined)[] = [];
  const whole = (body?: FilterBody): Filter => ({
    requestBody: 'buffer',
    onRequest: async (request) => {
      seen.push(request.body && Buffer.from(request.body).toString());
      return body === undefined ? undefined : { body };
    },
  });

  test.each([
    ['by length', post('abcdef')],
    ['in chunks', CHUNKED_POST],
  ])('sees one that comes %s, and the server gets it as it was', async (_how, request) => {
    seen.length = 0;
    const { client, server } = await begin([whole(), whole()], request);
    await server.until(() => /abcdef(?:\r\n0\r\n\r\n)?$/.test(server.received));
    server.send(answer('hi'));
    await client.receive('hi');
    expect(seen).toEqual(['abcdef', 'abcdef']);
    // The connection goes on.
    client.send(GET);
    await server.receive('GET / ');
    expect(seen[2]).toBe('');
    server.send(answer('ho'));
    await client.receive('ho');
  });

  test('sees one that comes in pieces, and nothing reaches a server before', async () => {
    seen.length = 0;
    const harness = await make({ filters: [whole()] });
    const client = harness.client();
    for (const piece of ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\na', 'bcd', 'e']) {
      client.send(piece);
      await new Promise(setImmediate);
    }
    expect([harness.dialled, wholeBodies.total]).toEqual([0, 5]);
    client.send(`f${GET}`);
    const server = await harness.server();
    await server.receive('abcdef');
    expect(wholeBodies.total).toBe(6);
    server.send(answer('hi'));
    await client.receive('hi');
    await server.receive('GET / ');
    expect(wholeBodies.total).toBe(0);
    server.send(answer('ho'));
    await client.receive('ho');
  });

  test('gives the server another body, with its length', async () => {
    const { client, server } = await begin([whole('other')], CHUNKED_POST);
    const asked = await server.receive('other');
    expect(asked).toContain('Content-Length: 5\r\n');
    expect(asked).not.toContain('Transfer-Encoding');
    server.send(answer('hi'));
    await client.receive('hi');
  });

  test.each([
    ['as it was', whole(), 'PUT', 'abc'],
    ['as it has become', whole('other'), 'PUT', 'other'],
    ['as the filter gave it', { onRequest: () => ({ body: 'new' }) }, 'GET', 'new'],
  ])(
    'is sent again on another connection, %s, where its server has closed an idle one',
    async (_how, filter, method, sent) => {
      const { harness, client, server } = await begin([filter], GET);
      await server.receive('\r\n\r\n');
      server.send(answer('hi'));
      await client.receive('hi');
      const length = method === 'PUT' ? 'Content-Length: 3\r\n\r\nabc' : '\r\n';
      client.send(`${method} /b HTTP/1.1\r\nHost: h\r\n${length}`);
      await server.until(() => server.received.includes('/b') && server.received.endsWith(sent));
      server.connection.destroy();
      const again = await harness.server();
      expect(await again.receive(sent)).toMatch(new RegExp(`^${method} /b [^]*\r\n\r\n${sent}$`));
      again.send(answer('ho'));
      await client.receive('ho');
    },
  );

  test('asks a client for its body that waits for that', async () => {
    const harness = await make({ filters: [whole()] });
    const client = harness.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n');
    await client.receive('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    const server = await harness.server();
    expect(await server.receive('abc')).not.toContain('Expect');
    server.send(answer('hi'));
    await client.receive('hi');
  });

  test.each([
    ['announced', post('x'.repeat(11))],
    ['found', 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nxxxxxxxxxxx\r\n'],
  ])('refuses one that is too long, where that is %s', async (_how, request) => {
    const harness = await make({ filters: [whole()], maximumBody: 10 });
    const client = harness.client();
    client.send(request);
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    expect(harness.dialled).toBe(0);
    expect(harness.records[0]?.error?.setting).toBe('services.test.filters[0].maximumBody');
  });

  test('refuses by what is in it', async () => {
    const filter: Filter = {
      requestBody: 'buffer',
      onRequest: ({ body }) => (Buffer.from(body ?? []).includes('evil') ? { deny: 'Not this.' } : undefined),
    };
    const harness = await make({ filters: [filter] });
    const client = harness.client();
    client.send(post('so evil'));
    await client.answered();
    expect(client.received).toMatch(/^HTTP\/1\.1 403 /);
    expect(harness.dialled).toBe(0);
  });

  test('does not see one that ends too early', async () => {
    const onRequest = vi.fn();
    const harness = await make({ filters: [{ requestBody: 'buffer', onRequest }] });
    const client = harness.client();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc');
    client.connection.end();
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
    expect(onRequest).not.toHaveBeenCalled();
  });
});

describe('a filter that wants whole answers', () => {
  const seen: (string | undefined)[] = [];
  const whole = (body?: FilterBody, wait = false): Filter => ({
    responseBody: 'buffer',
    onResponse: (response) => {
      seen.push(response.body && Buffer.from(response.body).toString());
      const verdict = body === undefined ? undefined : { body };
      return wait ? new Promise((resolve) => setImmediate(resolve, verdict)) : verdict;
    },
  });
  const late: Filter = { onResponse: () => new Promise((resolve) => setImmediate(resolve)) };

  test.each([
    ['by length', answer('abcdef')],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'],
    ['in pieces', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n|ab|cdef'],
  ])('sees one that comes %s, also behind another that takes its time', async (_how, bytes) => {
    for (const filters of [[whole()], [whole(), late], [late, whole(undefined, true)], [whole(), whole()]]) {
      seen.length = 0;
      const { client, server, harness } = await begin(filters, GET);
      await server.receive('\r\n\r\n');
      for (const piece of bytes.split('|')) {
        server.send(piece);
        await new Promise(setImmediate);
      }
      expect(await client.receive('abcdef')).toContain('Content-Length: 6\r\n');
      expect(seen).toEqual(filters.filter(({ responseBody }) => responseBody !== undefined).map(() => 'abcdef'));
      // Both connections go on.
      client.send(GET);
      await server.receive('GET / ');
      server.send(answer('ho'));
      await client.receive('ho');
      expect(harness.dialled).toBe(1);
    }
  });

  test('sees one that ends with its connection', async () => {
    seen.length = 0;
    const { client, server } = await begin([whole()], GET);
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\n\r\nabcdef');
    server.connection.end();
    expect(await client.receive('abcdef')).toContain('Content-Length: 6\r\n');
  });

  test.each([
    ['HEAD / HTTP/1.1\r\nHost: h\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n', 'Content-Length: 6\r\n'],
    [GET, 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 'ETag: "a"\r\n'],
    [GET, 'HTTP/1.1 204 No Content\r\n\r\n', '204 No Content\r\n'],
  ])('leaves an answer without content as it is (%#)', async (request, bytes, expected) => {
    seen.length = 0;
    const { client, server } = await begin([whole()], request);
    await server.receive('\r\n\r\n');
    server.send(bytes);
    expect(await client.receive('\r\n\r\n')).toContain(expected);
    expect(seen).toEqual(['']);
    client.send(GET);
    await server.receive('GET / ');
    server.send(answer('ho'));
    expect(await client.receive('ho')).toMatch(/^HTTP/);
  });

  test('gives the client another body, with its length, or none', async () => {
    for (const body of ['other', '']) {
      const { client, server } = await begin([whole(body)], GET);
      await server.receive('\r\n\r\n');
      server.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
      const got = await client.receive(`\r\n\r\n${body}`);
      expect(got).toContain(`Content-Length: ${body.length}\r\n`);
      expect(got).not.toContain('Transfer-Encoding');
    }
  });

  test('is told that one is too long, and so is the client', async () => {
    const { client, server, harness } = await begin([whole()], GET, { maximumBody: 10 });
    await server.receive('\r\n\r\n');
    server.send(answer('x'.repeat(11)));
    await client.answered();
    expect(client.received).toMatch(/^HTTP\/1\.1 502 /);
    expect(harness.records[0]?.error).toMatchObject({
      code: 'http_response_body_size',
      setting: 'services.test.filters[0].maximumBody',
    });
  });

  test('answers otherwise by what is in it', async () => {
    const filter: Filter = { responseBody: 'buffer', onResponse: () => ({ respond: { status: 451, body: 'gone' } }) };
    const { client, server } = await begin([filter], GET);
    await server.receive('\r\n\r\n');
    server.send(answer('secret'));
    expect(await client.receive('gone')).toMatch(/^HTTP\/1\.1 451 /);
    expect(client.received).toBe('');
    await server.ended();
    server.connection.end();
  });

  test('does not see one that breaks off', async () => {
    seen.length = 0;
    const { client, server } = await begin([whole()], GET);
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    server.connection.end();
    await client.answered();
    expect(client.received).toMatch(/^HTTP\/1\.1 502 /);
    expect(seen).toEqual([]);
  });
});

describe.each<[string, () => FilterBody]>([
  ['a function', () => upper],
  ['a stream', upperStream],
])('a body that %s makes', (_what, body) => {
  test('goes to the server while it comes', async () => {
    const { client, server } = await begin(
      [{ onRequest: () => ({ body: body() }) }],
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc',
    );
    const head = await server.receive('ABC');
    expect(head).toContain('Transfer-Encoding: chunked\r\n');
    expect(head).not.toContain('Content-Length');
    client.send('def');
    await server.receive('DEF\r\n0\r\n\r\n');
    server.send(answer('hi'));
    await client.receive('hi');
    client.send(GET);
    await server.receive('GET / ');
    server.send(answer('ho'));
    await client.receive('ho');
  });

  test('goes to the client while it comes', async () => {
    const { client, server, harness } = await begin([{ onResponse: async () => ({ body: body() }) }], GET);
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    expect(await client.receive('ABC')).toContain('Transfer-Encoding: chunked\r\n');
    server.send('def');
    await client.receive('DEF\r\n0\r\n\r\n');
    client.send(GET);
    await server.receive('GET / ');
    server.send(answer('ho'));
    await client.receive('HO\r\n0\r\n\r\n');
    expect(harness.dialled).toBe(1);
  });
});

test('several bodies are made of each other, in the order of the filters and back', async () => {
  const filters: Filter[] = [
    { onRequest: () => ({ body: twice }), onResponse: () => ({ body: upper }) },
    { onRequest: () => ({ body: upper }), onResponse: () => ({ body: twice }) },
  ];
  const { client, server } = await begin(filters, post('ab'));
  await server.until(() => server.received.endsWith('0\r\n\r\n'));
  expect(dechunked(server.received)).toBe('ABAB');
  server.send(answer('cd'));
  await client.until(() => client.received.endsWith('0\r\n\r\n'));
  expect(dechunked(client.received)).toBe('CDCD');
});

test('a whole body is that of the filters before', async () => {
  const seen: string[] = [];
  const filters: Filter[] = [
    { onRequest: () => ({ body: upper }) },
    {
      requestBody: 'buffer',
      onRequest: ({ body }) => {
        seen.push(Buffer.from(body ?? []).toString());
        return { body: twice };
      },
    },
  ];
  const { client, server } = await begin(filters, post('ab'));
  await server.until(() => server.received.endsWith('0\r\n\r\n'));
  expect(seen).toEqual(['AB']);
  expect(dechunked(server.received)).toBe('ABAB');
  server.send(answer('hi'));
  await client.receive('hi');
});

test('a body in place of another one that was not asked for', async () => {
  const { client, server, harness } = await begin(
    [{ onRequest: () => ({ body: 'mine' }), onResponse: () => ({ body: new Uint8Array([104, 111]) }) }],
    post('theirs', 'Expect: 100-continue\r\n'),
  );
  expect(await server.receive('mine')).toContain('Content-Length: 4\r\n');
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthe');
  await client.until(() => client.received.includes('\r\n\r\nho'));
  server.send('irs');
  client.send(GET);
  await server.receive('mine');
  server.send(answer('x'));
  await client.until(() => client.received.match(/\r\n\r\nho/g)?.length === 2);
  expect(harness.dialled).toBe(1);
});

describe('the rest of an answer that got another body', () => {
  const other: Filter = { onResponse: () => ({ body: 'other' }) };

  test('is not waited for longer than a second', async () => {
    const { client, server, harness } = await begin([other], GET + GET);
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await client.receive('other');
    const before = performance.now();
    const left = await passTimeUntil(harness.server());
    expect(performance.now() - before).toBeCloseTo(1_000, -2);
    await server.ended();
    server.connection.end();
    left.send(answer('x'));
    await client.receive('other');
    expect(harness.records.map(({ error }) => error)).toEqual([undefined, undefined]);
  });

  test('may break off', async () => {
    const { client, server, harness } = await begin([other], GET);
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    await client.receive('other');
    server.connection.destroy();
    client.send(GET);
    const next = await harness.server();
    next.send(answer('x'));
    await client.receive('other');
  });
});

test('a HEAD is told the length of another body, and gets no content', async () => {
  const { client, server } = await begin(
    [{ onResponse: () => ({ body: 'other' }) }],
    'HEAD / HTTP/1.1\r\nHost: h\r\n\r\n',
  );
  await server.receive('\r\n\r\n');
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n');
  expect(await client.receive('\r\n\r\n')).toContain('Content-Length: 5\r\n');
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await server.receive('GET / ');
  server.send(answer('x'));
  expect(await client.receive('other')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test('a stream of Node decodes what a server has encoded', async () => {
  const gunzip = Duplex.toWeb(createGunzip());
  const filter: Filter = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types of Node say less of its streams
    onResponse: () => ({ fields: { remove: ['content-encoding'] }, body: gunzip as FilterBody }),
  };
  const { client, server } = await begin([filter], GET);
  await server.receive('\r\n\r\n');
  const bytes = gzipSync('hello');
  server.connection.write(
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bytes.length}\r\n\r\n`),
  );
  server.connection.write(bytes);
  expect(await client.receive('hello')).not.toContain('Content-Encoding');
  await client.receive('0\r\n\r\n');
});

test('a sender waits for a function that does not keep up, and a function for a receiver that does not', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let read = 0;
  const slow: BodyFunction = async function* (body) {
    await promise;
    for await (const chunk of body) {
      read += chunk.length;
      yield chunk;
    }
  };
  const { client, server } = await begin([{ onResponse: () => ({ body: slow }) }], GET);
  await server.receive('\r\n\r\n');
  client.connection.pause();
  const size = perForm(4, 1) * 2 ** 20;
  server.connection.write(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`));
  server.connection.write(Buffer.alloc(size, 'x'));
  await passTime(50);
  // The proxy has not taken the rest.
  expect(server.connection.queued).toBeGreaterThan(size / 2);
  resolve();
  await passTime(50);
  expect(read).toBeLessThan(size / 2);
  client.connection.resume();
  await client.until(() => client.received.endsWith('0\r\n\r\n'));
  expect(read).toBe(size);
});

describe('a function that fails', () => {
  const failing: BodyFunction = async function* (body) {
    for await (const chunk of body) {
      yield chunk;
      throw new Error('secret words');
    }
  };
  const defect = ({ defects }: Harness): string => {
    const [fields] = defects.splice(0);
    const err: unknown = Reflect.get(fields ?? {}, 'err');
    return err instanceof Error ? err.message : '';
  };

  test('cuts the answer, and is named in the log', async () => {
    const { client, server, harness } = await begin([{ onResponse: () => ({ body: failing }) }], GET);
    await server.receive('\r\n\r\n');
    server.send(answer('abc'));
    await client.closed();
    expect(client.received).not.toContain('secret');
    expect(defect(harness)).toBe('The filter "filter-0" (services.test.filters[0]) failed in onResponse: secret words');
    await server.closed();
  });

  test('fails the request, and is named in the log', async () => {
    const { client, server, harness } = await begin([{ onRequest: () => ({ body: failing }) }], post('abc'));
    await server.closed();
    await client.answered();
    expect(client.received).toMatch(/^HTTP\/1\.1 500 /);
    expect(defect(harness)).toContain('failed in onRequest: secret words');
  });
});

test('a function learns by its signal that nobody wants the body any more', async () => {
  let aborted: Promise<void> | undefined;
  const waiting: BodyFunction = async function* (body, signal) {
    aborted = new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    yield* body;
    await new Promise(() => undefined);
  };
  const { client, server } = await begin([{ onResponse: () => ({ body: waiting }) }], GET);
  await server.receive('\r\n\r\n');
  server.send(answer('abc'));
  await client.receive('abc');
  client.connection.destroy(new Error('It goes away.'));
  await aborted;
  await server.ended();
  server.connection.end();
});

test('a function that does not go on is what the time of a body ends, also behind an answer that came in one piece', async () => {
  const hangs: BodyFunction = async function* () {
    await new Promise(() => {});
    yield 'a';
  };
  const { client, server, harness } = await begin([{ onResponse: () => ({ body: hangs }) }], GET, {
    http: { bodyTimeout: 30 },
  });
  await server.receive('\r\n\r\n');
  server.send(answer('abc'));
  await passTimeUntil(client.closed());
  expect(harness.records[0]?.error?.message).toBe('The response made no progress for 30 ms.');
  await passTimeUntil(server.closed());
});

test('a function that ends before the body has come ends the answer', async () => {
  const first: BodyFunction = async function* (body) {
    for await (const chunk of body) return yield chunk;
  };
  const { client, server } = await begin([{ onResponse: () => ({ body: first }) }], GET);
  await server.receive('\r\n\r\n');
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
  await client.receive('abc\r\n0\r\n\r\n');
  await server.ended();
  server.connection.end();
});

test.each<[unknown, string]>([
  [5, 'neither text, bytes, a function nor a stream'],
  [() => 5, 'something that can be iterated'],
  [() => [{}], 'a body consists of text and bytes'],
])('a body that is none fails (%#)', async (body, why) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as plain JavaScript may return it
  const { client, server, harness } = await begin([{ onResponse: () => ({ body: body as FilterBody }) }], GET);
  await server.receive('\r\n\r\n');
  server.send(answer('abc'));
  await vi.waitFor(() => expect(harness.defects).toHaveLength(1));
  const [fields] = harness.defects.splice(0);
  expect(String(Reflect.get(fields ?? {}, 'err'))).toContain(why);
  await server.closed();
  client.connection.end();
});

describe('the field Trailer', () => {
  const announced = (start: string, host = ''): string =>
    `${start}\r\n${host}Trailer: X-T\r\nTransfer-Encoding: chunked\r\ntrailer: X-U\r\n\r\n3\r\nabc\r\n0\r\nX-T: t\r\n\r\n`;
  const REQUEST = announced('POST / HTTP/1.1', 'Host: h\r\n');
  const ANSWER = announced('HTTP/1.1 200 OK');
  const filters: Record<string, Filter> = {
    'changed as it passes': { onRequest: () => ({ body: upper }), onResponse: () => ({ body: upper }) },
    replaced: { onRequest: () => ({ body: 'ABC' }), onResponse: () => ({ body: 'ABC' }) },
    collected: {
      requestBody: 'buffer',
      responseBody: 'buffer',
      onRequest: () => undefined,
      onResponse: () => undefined,
    },
  };

  test.each(Object.entries(filters))('goes with the trailers of a body that is %s', async (_how, filter) => {
    const { client, server } = await begin([filter], REQUEST);
    await server.until(() => /abc$|ABC$|\r\n0\r\n\r\n$/.test(server.received));
    const request = server.received;
    server.send(ANSWER);
    await client.until(() => /abc$|ABC$|\r\n0\r\n\r\n$/.test(client.received));
    for (const text of [request, client.received]) expect(text.toLowerCase()).not.toMatch(/trailer:|x-t|x-u/);
  });

  test('stays where a filter only looks', async () => {
    const { client, server } = await begin([{ onRequest: () => undefined, onResponse: () => undefined }], REQUEST);
    const request = await server.receive('X-T: t\r\n\r\n');
    server.send(ANSWER);
    const answered = await client.receive('X-T: t\r\n\r\n');
    for (const text of [request, answered]) expect(text.match(/trailer: X-/gi)).toHaveLength(2);
  });
});
