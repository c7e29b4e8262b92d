import {
  type Filter,
  type FilterEnd,
  type FilterRequest,
  type FilterTunnel,
  ProxyError,
  type Route,
} from '@inband/core';
import { describe, expect, test, vi } from 'vitest';
import type { Harness, HarnessOptions } from '../../../../test-support/harness.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

const make = useHarness();
const GET = 'GET /a?b=c HTTP/1.1\r\nHost: shop.example\r\nX-A: one\r\nX-A: two\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-S: s\r\n\r\nhi';

interface Exchanged {
  readonly asked: string;
  readonly answered: string;
}

async function exchange(filters: readonly Filter[], head = GET, options: HarnessOptions = {}): Promise<Exchanged> {
  const harness = await make({ filters, ...options });
  const client = harness.client();
  client.send(head);
  const server = await harness.server();
  const asked = await server.receive('\r\n\r\n');
  server.send(ANSWER);
  const answered = await client.receive('\r\n\r\nhi');
  return { asked, answered };
}

/** What a client gets whose request reaches no server. */
async function refused(filter: Filter, head = GET, options: HarnessOptions = {}): Promise<readonly [string, Harness]> {
  const harness = await make({ filters: [filter], ...options });
  const client = harness.client();
  client.send(head.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await client.ended();
  expect(harness.dialled).toBe(0);
  return [client.received, harness];
}

/** Takes the messages of defects, so that they are none of the test. */
function defectsOf(harness: Harness): string[] {
  return harness.defects.splice(0).map((fields) => {
    const err: unknown = Reflect.get(fields, 'err');
    return err instanceof Error ? err.message : String(err);
  });
}

describe.each([
  ['at once', <Value>(value: Value): Value | Promise<Value> => value],
  ['later', <Value>(value: Value): Value | Promise<Value> => new Promise((resolve) => setImmediate(resolve, value))],
])('a filter that returns %s', (_when, returning) => {
  test('sees a request as it is, and changes nothing by returning nothing', async () => {
    const seen: FilterRequest[] = [];
    const filter: Filter = {
      onRequest: (request) => {
        seen.push(request);
        return returning(undefined);
      },
    };
    const { asked } = await exchange([filter]);
    expect(asked).toMatch(/^GET \/a\?b=c HTTP\/1\.1\r\nHost: shop\.example\r\nX-A: one\r\nX-A: two\r\n/);
    const [request] = seen;
    expect(request).toMatchObject({
      method: 'GET',
      target: { host: 'shop.example', port: 80 },
      path: '/a?b=c',
      url: 'http://shop.example/a?b=c',
      client: { address: { address: '127.0.0.1' }, zone: 'loopback' },
      user: undefined,
      groups: [],
      service: 'test',
      route: 'services.test.routes[0]',
    });
    // Also afterwards, because it is a copy.
    expect(request?.fields.all('x-a')).toEqual(['one', 'two']);
    expect(request?.fields.get('X-A')).toBe('one');
    expect([...(request?.fields ?? [])]).toContainEqual(['host', 'shop.example']);
    expect(request?.signal.aborted).toBe(false);
  });

  test('sets a field that no other one of the client is taken for', async () => {
    const harness = await make({ filters: [{ onRequest: () => ({ fields: { set: { 'x-user': 'ann' } } }) }] });
    harness.client().send('GET / HTTP/1.1\r\nHost: h\r\nX_User: root\r\n\r\n');
    const server = await harness.server();
    expect((await server.receive('\r\n\r\n')).match(/x.user: .*/gi)).toEqual(['x-user: ann']);
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });

  test('changes fields of requests and of answers', async () => {
    const fields = {
      remove: ['X-A'],
      set: { 'x-b': ['1', '2'] },
      add: { 'X-S': 'not', 'x-c': 'c' },
      append: { 'x-b': '3' },
    };
    const change = () => returning({ fields });
    const { asked, answered } = await exchange([{ onRequest: change, onResponse: change }]);
    expect(asked).not.toContain('X-A');
    expect(asked).toContain('x-b: 1\r\nx-b: 2\r\nX-S: not\r\nx-c: c\r\nx-b: 3\r\n');
    expect(answered).toMatch(/\r\nX-S: s\r\nContent-Length: 2\r\nx-b: 1\r\nx-b: 2\r\nx-c: c\r\nx-b: 3\r\n/);
  });

  test('answers by itself, and the connection goes on', async () => {
    const respond = { status: 418, fields: { 'X-A': ['1', '2'] }, body: 'tea' };
    const harness = await make({ filters: [{ onRequest: () => returning({ respond }) }] });
    const client = harness.client();
    for (let count = 0; count < 2; count += 1) {
      client.send(GET);
      const head = await client.receive('\r\n\r\ntea');
      expect(head).toMatch(/^HTTP\/1\.1 418 I'm a teapot\r\nDate: /);
      expect(head).toContain('X-A: 1\r\nX-A: 2\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n');
    }
    expect(harness.dialled).toBe(0);
  });

  test('refuses with a reason for the client, and its place for the log', async () => {
    const [answer, { records }] = await refused({ onRequest: () => returning({ deny: 'Not on Sundays.' }) });
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('Not on Sundays.');
    expect(records[0]?.error).toMatchObject({ code: 'http_request_denied', rule: 'services.test.filters[0]' });
  });

  test('answers in place of a server that has answered', async () => {
    const harness = await make({
      filters: [{ onResponse: ({ status }) => returning({ respond: { status: 502, body: `It said ${status}.` } }) }],
    });
    const client = harness.client();
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    server.send(ANSWER);
    expect(await client.receive('It said 200.')).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    await server.ended();
    server.connection.end();
    expect(harness.records.map(({ status }) => status)).toEqual([502]);
  });

  test('refuses an answer', async () => {
    const harness = await make({ filters: [{ onResponse: () => returning({ deny: 'Not this.' }) }] });
    const client = harness.client();
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    server.send(ANSWER);
    expect(await client.receive('Not this.')).toMatch(/^HTTP\/1\.1 403 /);
    await server.closed();
  });

  test.each<[string, unknown, string]>([
    ['a line end in a value', { fields: { set: { 'x-a': 'a\r\nx-evil: 1' } } }, 'The value for the field "x-a"'],
    ['a line end in a name', { fields: { append: { 'x-a\r\nx-evil': '1' } } }, 'expected the name of a field'],
    ['a field that frames', { fields: { set: { 'Content-Length': '3' } } }, 'frames or routes'],
    ['a field of the connection', { fields: { remove: ['connection'] } }, 'frames or routes'],
    ['the host as a field', { fields: { set: { Host: 'x' } } }, 'frames or routes'],
    ['a login of a connection', { fields: { set: { authorization: 'NTLM abc' } } }, 'belongs to a connection'],
    ['a value that is no text', { fields: { set: { a: 1 } } }, 'is no text'],
    ['a name in place of a list', { fields: { remove: 'x-a' } }, 'no list of names'],
    ['a kind of change that there is not', { fields: { put: { a: '1' } } }, '"put" is no change of fields'],
    ['a key that there is not', { field: {} }, '"field" means nothing here'],
    ['a text in place of an object', 'deny', 'expected an object or nothing'],
    ['a target with a line end', { target: '/a\r\nHost: b' }, 'a control character'],
    ['a target with a space', { target: '/a b' }, 'holds a space'],
    ['a target without a host', { target: 'http:///a' }, 'host or port'],
    ['a target of another scheme', { target: 'ftp://a/' }, 'neither a path nor'],
    ['a route that there is not', { route: 'services.test.routes[7]' }, 'there is no route'],
    ['a parent where nobody reaches one', { parent: 'http://a:1' }, 'nobody here who reaches parents'],
    ['an answer with a strange status', { respond: { status: 101 } }, 'from 200 to 599'],
    ['an answer with a line end', { respond: { status: 200, fields: { a: 'b\nc' } } }, 'The value for the field "a"'],
    [
      'an answer whose length it says',
      { respond: { status: 200, fields: { 'content-length': '3' } } },
      'frames or routes',
    ],
    ['an answer without content that has some', { respond: { status: 204, body: 'a' } }, 'has no body'],
  ])('fails with %s', async (_what, verdict, why) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as plain JavaScript may return it
    const [answer, harness] = await refused({ onRequest: () => returning(verdict as undefined) });
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
    const [defect] = defectsOf(harness);
    expect(defect).toContain('The filter "filter-0" (services.test.filters[0]) failed in onRequest: ');
    expect(defect).toContain(why);
    expect(answer).not.toContain(why);
  });
});

test('what a filter throws is for the log with its name, and not for the client', async () => {
  const failing: Filter[] = [
    {
      onRequest: () => {
        throw new Error('secret words');
      },
    },
    { onRequest: () => Promise.reject(new Error('secret words')) },
    {
      onRequest: () =>
        // oxlint-disable-next-line unicorn/no-thenable, typescript/no-unsafe-type-assertion -- as libraries with promises of their own do
        new (class {
          // oxlint-disable-next-line unicorn/no-thenable -- as those of a library with promises of its own
          then(_ok: unknown, fail: (error: Error) => void): void {
            fail(new Error('secret words'));
          }
        })() as unknown as undefined,
    },
  ];
  for (const filter of failing) {
    const [answer, harness] = await refused(filter);
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
    expect(answer).not.toContain('secret');
    const err: unknown = Reflect.get(harness.defects[0] ?? {}, 'err');
    // Loggers would add the message of a cause, which is in that of the error already.
    expect(err instanceof Error ? err.cause : 'no error').toBeUndefined();
    expect(defectsOf(harness)).toEqual([
      'The filter "filter-0" (services.test.filters[0]) failed in onRequest: secret words',
    ]);
  }
});

test('what a filter throws about an answer is a 500, at once or later', async () => {
  const failing: Filter[] = [
    {
      onResponse: () => {
        throw new Error('secret words');
      },
    },
    { onResponse: () => Promise.reject(new Error('secret words')) },
  ];
  for (const filter of failing) {
    const harness = await make({ filters: [filter] });
    const client = harness.client();
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    server.send(ANSWER);
    await client.answered();
    expect(client.received).toMatch(/^HTTP\/1\.1 500 /);
    expect(client.received).not.toContain('secret');
    expect(defectsOf(harness)[0]).toContain('failed in onResponse: secret words');
  }
});

test('an error of the proxy is passed on as it is', async () => {
  const error = new ProxyError('connection_limit_reached', 'Come back later.', { retryAfter: 7 });
  const [answer] = await refused({ onRequest: () => Promise.reject(error) });
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toContain('connection_limit_reached');
});

test('a filter that takes too long ends the request, and learns it by its signal', async () => {
  let signal: AbortSignal | undefined;
  const filter: Filter = {
    onRequest: (request) => {
      ({ signal } = request);
      return new Promise(() => undefined);
    },
  };
  const [answer, { records }] = await refused(filter, GET, { filterTimeout: 20 });
  expect(answer).toMatch(/^HTTP\/1\.1 504 /);
  expect(records[0]?.error?.setting).toBe('services.test.filters[0].timeout');
  expect(signal?.aborted).toBe(true);
});

test('filters that take too long get one line a second, and not one for each request', async () => {
  const harness = await make({ filters: [{ onRequest: () => new Promise(() => undefined) }], filterTimeout: 20 });
  const clients = [harness.client(), harness.client(), harness.client()];
  for (const client of clients) client.send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  for (const client of clients) await client.ended();
  expect(harness.infos).toEqual([
    { filter: 'filter-0', function: 'onRequest', setting: 'services.test.filters[0].timeout' },
  ]);
});

test('a filter that takes too long for an answer ends the request', async () => {
  const harness = await make({ filters: [{ onResponse: () => new Promise(() => undefined) }], filterTimeout: 20 });
  const client = harness.client();
  client.send(GET);
  const server = await harness.server();
  await server.receive('\r\n\r\n');
  server.send(ANSWER);
  await client.answered();
  expect(client.received).toMatch(/^HTTP\/1\.1 504 /);
  await server.closed();
});

test('nothing of what a filter decides later touches a client that has gone, or the next one', async () => {
  const { promise, resolve } = Promise.withResolvers<{ deny: string }>();
  let signal: AbortSignal | undefined;
  const onRequest = vi.fn((request: FilterRequest) => {
    ({ signal } = request);
    return promise;
  });
  const harness = await make({ filters: [{ onRequest }] });
  const client = harness.client();
  client.send(GET);
  await vi.waitFor(() => expect(onRequest).toHaveBeenCalledOnce());
  client.connection.destroy(new Error('It goes away.'));
  await vi.waitFor(() => expect(signal?.aborted).toBe(true));
  expect(harness.timers.running).toBe(0);
  resolve({ deny: 'Too late.' });
  await new Promise(setImmediate);
  expect(harness.records.map(({ aborted, error }) => [aborted, error])).toEqual([[true, undefined]]);
});

test('filters run in their order and see what those before have changed, answers in the reverse order', async () => {
  const seen: unknown[] = [];
  const filter = (name: string): Filter => ({
    onRequest: ({ fields }) => {
      seen.push([name, fields.all('x-by')]);
      return { fields: { append: { 'x-by': name } } };
    },
    onResponse: ({ fields, request }) => {
      seen.push([name, fields.all('x-by'), request.fields.all('x-by')]);
      return Promise.resolve({ fields: { append: { 'x-by': name } } });
    },
  });
  const { asked, answered } = await exchange([filter('a'), filter('b')]);
  expect(seen).toEqual([
    ['a', []],
    ['b', ['a']],
    ['b', [], ['a', 'b']],
    ['a', ['b'], ['a', 'b']],
  ]);
  expect(asked).toContain('x-by: a\r\nx-by: b\r\n');
  expect(answered).toContain('x-by: b\r\nx-by: a\r\n');
});

test('rules of fields have the last word on requests, and a filter sees no secrets that they set', async () => {
  const seen: unknown[] = [];
  const filter: Filter = {
    onRequest: ({ fields }) => {
      seen.push(fields.get('authorization'));
      return { fields: { set: { 'x-user': 'forged', 'x-debug': '1' } } };
    },
  };
  const { asked } = await exchange([filter], GET, {
    fieldRules: {
      service: {
        request: [
          { kind: 'set', values: { authorization: 'Bearer abc', 'x-user': 'ann' } },
          { kind: 'remove', names: ['x-debug'] },
        ],
        response: [],
      },
      routes: {},
    },
  });
  expect(seen).toEqual([undefined]);
  expect(asked).toContain('authorization: Bearer abc\r\nx-user: ann\r\n');
  expect(asked).not.toMatch(/forged|x-debug/);
});

describe('a filter that sends a request elsewhere', () => {
  test('changes the path, of the request that may wait and be retried, too', async () => {
    const { asked } = await exchange([{ onRequest: ({ path }) => ({ target: `/new${path}` }) }]);
    expect(asked).toMatch(/^GET \/new\/a\?b=c HTTP\/1\.1\r\nHost: shop\.example\r\nX-A: one\r\n/);
    const late = await exchange([
      { onRequest: async ({ path }) => ({ target: `/new${path}` }) },
      { onRequest: async () => ({ target: '/b' }) },
    ]);
    expect(late.asked).toMatch(/^GET \/b HTTP\/1\.1\r\nHost: shop\.example\r\nX-A: one\r\n/);
  });

  test('changes the host, and servers still learn what the client asked for', async () => {
    const long = `/${'x'.repeat(5_000)}`;
    const harness = await make({ filters: [{ onRequest: () => ({ target: `http://Other.Example:8080${long}` }) }] });
    const client = harness.client();
    client.send(GET);
    const server = await harness.server();
    const asked = await server.receive('\r\n\r\n');
    expect(asked).toContain(`GET ${long} HTTP/1.1\r\nHost: Other.Example:8080\r\n`);
    expect(asked).toContain('X-Forwarded-Host: shop.example\r\n');
    server.send(ANSWER);
    await client.receive('hi');
    const [record] = harness.records;
    expect(record?.session.target).toEqual({ host: 'other.example', port: 8080 });
    expect(record?.url).toBe('/a?b=c');
  });

  test('is judged by policy as the client is', async () => {
    const rules = [{ action: 'deny', hosts: ['secret.example'] }] as const;
    const [answer, { records }] = await refused({ onRequest: () => ({ target: 'http://secret.example/' }) }, GET, {
      rules,
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(records[0]?.error).toMatchObject({ rule: 'services.test.access[0]' });
  });

  test('has a route looked for that fits, and takes one by its name whatever it matches', async () => {
    const routes: Route[] = [];
    const route = ({ target }: { readonly target: { readonly host: string } }, usual: Route): Route => {
      routes[0] = usual;
      routes[1] = { ...usual, name: 'services.test.routes[1]' };
      return target.host === 'other.example' ? routes[1] : usual;
    };
    const take = async (verdict: object): Promise<string | undefined> => {
      const harness = await make({ filters: [{ onRequest: () => verdict }], route, routes });
      const client = harness.client();
      client.send(GET);
      const server = await harness.server();
      await server.receive('\r\n\r\n');
      server.send(ANSWER);
      await client.receive('hi');
      return harness.records[0]?.session.route?.name;
    };
    expect(await take({ target: 'http://other.example/' })).toBe('services.test.routes[1]');
    expect(await take({ target: '/x' })).toBe('services.test.routes[0]');
    expect(await take({ route: 'services.test.routes[1]' })).toBe('services.test.routes[1]');
    expect(await take({ target: 'http://other.example/', route: 'services.test.routes[0]' })).toBe(
      'services.test.routes[0]',
    );
  });

  test('reaches it by the parent that it names', async () => {
    const asked: string[] = [];
    const harness = await make({
      filters: [{ onRequest: () => Promise.resolve({ parent: 'http://ann:pw@proxy.example:3128' }) }],
      filterParents: {
        chainerFor(url) {
          asked.push(url);
          return {
            kind: 'parent',
            connectServer: () => Promise.reject(new ProxyError('connection_refused', 'It refused.')),
          };
        },
        close: () => asked.push('closed'),
      },
    });
    const client = harness.client();
    client.send(GET);
    await client.answered();
    expect(client.received).toMatch(/^HTTP\/1\.1 502 /);
    expect(harness.records[0]?.session.route).toMatchObject({
      name: 'services.test.routes[0]',
      chainer: { kind: 'parent' },
    });
    harness.proxy.close();
    expect(asked).toEqual(['http://ann:pw@proxy.example:3128', 'closed']);
  });
});

describe('a tunnel', () => {
  const CONNECT =
    'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Authorization: Basic YW5uOnA6dw==\r\n\r\n';

  test('by CONNECT is no request, and shows its login where the service asks for none', async () => {
    const seen: FilterTunnel[] = [];
    const onRequest = vi.fn();
    const harness = await make({
      mode: 'forward',
      filters: [{ onRequest, onTunnel: (tunnel) => void seen.push(tunnel), onResponse: onRequest }],
    });
    const client = harness.client();
    client.send(CONNECT);
    const server = await harness.server();
    await client.receive('\r\n\r\n');
    server.send('hello');
    await client.receive('hello');
    server.connection.end();
    expect(onRequest).not.toHaveBeenCalled();
    expect(seen).toMatchObject([
      {
        kind: 'connect',
        method: 'CONNECT',
        target: { host: 'a.example', port: 443 },
        login: { user: 'ann', password: 'p:w' },
      },
    ]);
  });

  test('by SOCKS has no fields, and is refused in its own words', async () => {
    const seen: FilterTunnel[] = [];
    const harness = await make({
      mode: 'forward',
      accept: ['socks5'],
      filters: [
        {
          onTunnel: async (tunnel) => {
            seen.push(tunnel);
            return { deny: 'No.' };
          },
        },
      ],
    });
    const client = harness.client();
    client.send('\x05\x01\x00');
    await client.receive('\x05\x00');
    client.send('\x05\x01\x00\x01\x08\x08\x08\x08\x01\xbb');
    await client.ended();
    expect(client.received.slice(0, 2)).toBe('\x05\x02');
    expect(seen).toMatchObject([{ kind: 'socks5', target: { host: '8.8.8.8', port: 443 } }]);
  });

  test('by Upgrade is a request first', async () => {
    const seen: string[] = [];
    const head =
      'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const harness = await make({
      filters: [
        {
          onRequest: async ({ path }) => void seen.push(`request ${path}`),
          onTunnel: async ({ kind }) => void seen.push(kind),
          onResponse: ({ status }) => void seen.push(`response ${status}`),
        },
      ],
    });
    const client = harness.client();
    client.send(head);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await client.receive('\r\n\r\n');
    server.connection.end();
    expect(seen).toEqual(['request /ws', 'upgrade']);
  });

  test('goes elsewhere where ports and policy allow that', async () => {
    const to = async (target: string, http: HarnessOptions['http'] = {}): Promise<string> => {
      const rules = [{ action: 'deny', hosts: ['secret.example'] }] as const;
      const harness = await make({ mode: 'forward', http, rules, filters: [{ onTunnel: () => ({ target }) }] });
      const client = harness.client();
      client.send(CONNECT);
      await client.receive('\r\n\r\n');
      const { status = 0, session, error } = harness.records[0] ?? {};
      if (harness.dialled > 0) (await harness.server()).connection.end();
      return `${status} ${session?.target?.host} ${error?.setting}`;
    };
    expect(await to('b.example:25', { connectPorts: [443] })).toBe('403 b.example http.connectPorts');
    expect(await to('secret.example:443')).toContain('403 secret.example');
    expect(await to('b.example:443')).toBe('0 undefined undefined');
  });

  test.each([
    [{ status: 407, fields: { 'Proxy-Authenticate': 'Basic realm="a"' } }, 407],
    [{ status: 200 }, 500],
  ])('is answered with an error only (%j)', async (respond, status) => {
    const [answer, harness] = await refused({ onTunnel: () => ({ respond }) }, CONNECT, { mode: 'forward' });
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer.includes('Proxy-Authenticate: Basic realm="a"')).toBe(status === 407);
    harness.defects.length = 0;
  });
});

test('a filter hears of every end, with bytes, also of what it did not see', async () => {
  const ends: FilterEnd[] = [];
  const ids: number[] = [];
  const filter: Filter = {
    onRequest: ({ id }) => void ids.push(id),
    onEnd(end) {
      ends.push(end);
      throw new Error('a defect');
    },
  };
  const rules = [{ action: 'deny', methods: ['PUT'] }] as const;
  const harness = await make({ filters: [filter], rules, isLogged: false });
  const client = harness.client();
  client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc`);
  const server = await harness.server();
  await server.receive('abc');
  server.send(ANSWER);
  await client.receive('hi');
  client.send('PUT / HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.answered();
  expect(ends).toMatchObject([
    { session: ids[0], kind: 'request', status: 200, error: undefined, bytes: { in: 3, out: 2 }, verdict: 'accepted' },
    { status: 403, error: 'http_request_denied', verdict: 'denied-by-policy' },
  ]);
  expect(ids).toHaveLength(1);
  expect(harness.defects.splice(0)).toMatchObject([{ filter: 'filter-0' }, { filter: 'filter-0' }]);
});

test('a body that comes while a filter thinks waits for its turn', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const harness = await make({ filters: [{ onRequest: () => promise }] });
  const client = harness.client();
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc');
  client.send('def');
  await new Promise(setImmediate);
  resolve();
  const server = await harness.server();
  await server.receive('abcdef');
  server.send(ANSWER);
  await client.receive('hi');
});

test('an answer is kept back while a filter thinks, also where its server closes meanwhile', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onResponse = vi.fn(() => promise);
  const harness = await make({ filters: [{ onResponse }] });
  const client = harness.client();
  client.send(GET);
  const server = await harness.server();
  await server.receive('\r\n\r\n');
  server.send('HTTP/1.1 200 OK\r\n\r\nall of it');
  server.connection.end();
  await vi.waitFor(() => expect(onResponse).toHaveBeenCalledOnce());
  await new Promise(setImmediate);
  expect(client.received).toBe('');
  resolve();
  await client.receive('0\r\n\r\n');
});
