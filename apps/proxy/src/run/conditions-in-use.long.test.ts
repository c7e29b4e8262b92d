import { createMemoryNetwork, type MemoryNetwork } from '@inband/core';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { address, connect, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { explain } from '../explain/explain.ts';
import type { ExplainQuery } from '../explain/explain-query.ts';
import { createInband } from '../single/inband.ts';

type Service = NonNullable<ConfigInput['services']>[string];

const PROXY = address('127.0.0.1', 8080);

function config(service: Service): ConfigInput {
  return { listeners: [{ bind: '127.0.0.1:8080', service: 'web' }], services: { web: service } };
}

function to(remote: string): { readonly type: 'directed'; readonly remote: string } {
  return { type: 'directed', remote };
}

/** The proxy of a service, with three origins that answer by their names. */
async function running(service: Service, accept?: 'socks5'): Promise<MemoryNetwork> {
  const network = createMemoryNetwork();
  const origins = await Promise.all(
    ['a', 'b', 'c'].map((name, index) => startOrigin(network, address(`10.0.0.${index + 1}`, 80), name)),
  );
  const value = config(service);
  const listeners = value.listeners.map((one) => (accept === undefined ? one : { ...one, accept: [accept] }));
  const inband = await createInband({ ...value, listeners }, { transport: network.transport() });
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    await Promise.all(origins.map((origin) => origin.close()));
    await vi.waitFor(() => expect(network.open).toBe(0));
  });
  return network;
}

/** The status and the content of the answer. */
async function ask(network: MemoryNetwork, head: string, ...fields: string[]): Promise<string> {
  const lines = [head, 'Host: web.example', 'Connection: close', ...fields];
  const answer = await exchange(network, '127.0.0.1', PROXY, `${lines.join('\r\n')}\r\n\r\n`);
  return `${answer.slice(9, 12)} ${/\r\n\r\n(\w?)/.exec(answer)?.[1]}`.replace(/ [{<]$/, '');
}

/** What came for each of several requests on one connection. */
async function askInTurn(network: MemoryNetwork, ...heads: string[]): Promise<string[]> {
  const client = await connect(network, '127.0.0.1', PROXY);
  const answers: string[] = [];
  for (const head of heads) {
    const answer = new Promise<string>((done) => {
      let got = '';
      client.handler = {
        data(bytes, start, end) {
          got += bytes.toString('latin1', start, end);
          const [, length] = /content-length: (\d+)/i.exec(got) ?? [];
          const body = got.indexOf('\r\n\r\n') + 4;
          if (body > 3 && got.length - body >= Number(length)) done(got);
        },
        drained() {},
        ended() {},
        closed: () => done(got),
      };
      client.resume();
    });
    client.write(Buffer.from(`${head}\r\n\r\n`));
    answers.push((await answer).slice(9, 12));
  }
  client.destroy();
  return answers;
}

describe('routes', () => {
  test('are taken by field, query, cookie and path pattern, the first that matches', async () => {
    const network = await running({
      mode: 'reverse',
      routes: [
        { match: { field: { 'X-Beta': true }, query: { v: ['2', '3'] } }, chainer: to('10.0.0.1:80') },
        { match: { cookie: { side: 'b*' } }, chainer: to('10.0.0.2:80') },
        { match: { path: ['/static/', '*.png'] }, chainer: to('10.0.0.3:80') },
        { respond: { status: 204 } },
      ],
    });
    expect(await ask(network, 'GET /?v=3 HTTP/1.1', 'x-beta: 1')).toBe('200 a');
    expect(await ask(network, 'GET /?v=4 HTTP/1.1', 'x-beta: 1', 'Cookie: x=y; side=blue')).toBe('200 b');
    expect(await ask(network, 'GET /x/y.png?a HTTP/1.1')).toBe('200 c');
    expect(await ask(network, 'GET /static/x HTTP/1.1')).toBe('200 c');
    expect(await ask(network, 'GET /x/y.pngx HTTP/1.1')).toBe('204 ');
  });

  test('of the next request on a connection are found anew', async () => {
    const network = await running({
      mode: 'reverse',
      routes: [{ match: { cookie: { a: true } }, respond: { status: 403 } }, { respond: { status: 404 } }],
    });
    const head = 'GET / HTTP/1.1\r\nHost: web.example';
    const answers = await askInTurn(network, head, `${head}\r\nCookie: a=b`, head);
    expect(answers).toEqual(['404', '403', '404']);
  });

  test('with a pattern that a server may read otherwise are not taken by a path that is read in two ways', async () => {
    const network = await running({
      mode: 'reverse',
      routes: [{ match: { path: '/public/*' }, chainer: to('10.0.0.1:80') }, { respond: { status: 403 } }],
    });
    expect(await ask(network, 'GET /public/..\\secret HTTP/1.1')).toMatch(/^400/);
  });
});

describe('access rules', () => {
  const rules: Service['access'] = [
    { deny: { paths: '/admin/' } },
    { allow: { fields: { 'x-token': 'abc' } } },
    { deny: {} },
  ];
  const service: Service = { mode: 'reverse', access: rules, routes: [{ chainer: to('10.0.0.1:80') }] };

  test('allow and deny by what is in a request', async () => {
    const network = await running(service);
    expect(await ask(network, 'GET / HTTP/1.1', 'X-Token: abc')).toBe('200 a');
    expect(await ask(network, 'GET / HTTP/1.1', 'X-Token: abd')).toMatch(/^403/);
    expect(await ask(network, 'GET / HTTP/1.1', 'X-Token: abc', 'X-Token: abd')).toMatch(/^403/);
    expect(await ask(network, 'GET / HTTP/1.1', 'X-Token: abc', 'X_Token: abd')).toMatch(/^403/);
    for (const path of ['/admin/', '/ADMIN/x', '//admin/', '/x/..;/admin/', '/x/..%2fadmin/', '/%61dmin/?x']) {
      expect(await ask(network, `GET ${path} HTTP/1.1`, 'X-Token: abc')).toMatch(/^403/);
    }
  });

  test('look at what the client sent, also if rules take the field away before the server is known', async () => {
    const network = await running({
      ...service,
      access: [{ deny: { servers: 'private', fields: { 'x-token': true } } }],
      fields: { request: [{ remove: 'x-token' }] },
    });
    expect(await ask(network, 'GET / HTTP/1.1', 'X-Token: abc')).toMatch(/^403/);
    expect(await ask(network, 'GET / HTTP/1.1', 'X-Token: abc', 'Connection: x-token')).toMatch(/^403/);
    expect(await ask(network, 'GET / HTTP/1.1')).toBe('200 a');
  });

  test('are evaluated for each request of a connection', async () => {
    const network = await running({ ...service, access: rules, routes: [{ respond: { status: 404 } }] });
    const head = 'GET / HTTP/1.1\r\nHost: web.example';
    expect(await askInTurn(network, `${head}\r\nX-Token: abc`, head, `${head}\r\nX-Token: abc`)).toEqual([
      '404',
      '403',
      '404',
    ]);
  });

  test('that deny what a tunnel hides deny the tunnel, and the fields of a CONNECT count', async () => {
    const forward: Service = {
      mode: 'forward',
      http: { connectPorts: 'any' },
      routes: [{ chainer: { type: 'inband' } }],
    };
    const network = await running({ ...forward, access: [{ deny: { paths: '*.exe' } }] });
    expect(await ask(network, 'CONNECT 10.0.0.1:80 HTTP/1.1')).toMatch(/^403/);
    const left = await running({
      ...forward,
      access: [{ deny: { methods: 'GET', paths: '*.exe' } }, { deny: { fields: { 'x-token': false } } }],
    });
    expect(await ask(left, 'CONNECT 10.0.0.1:80 HTTP/1.1')).toMatch(/^403/);
    expect(await ask(left, 'CONNECT 10.0.0.1:1 HTTP/1.1', 'X-Token: a')).toMatch(/^502/);
  });

  test('that allow by a field allow nothing to SOCKS, and those that deny by one deny it', async () => {
    // Version 5 without a login, then CONNECT to 10.0.0.1:80.
    const asked = '\x05\x01\x00\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x50';
    const forward: Service = { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] };
    const reply = async (access: Service['access']): Promise<number | undefined> => {
      const network = await running({ ...forward, http: { connectPorts: 'any' }, access }, 'socks5');
      const client = await connect(network, '127.0.0.1', PROXY);
      const received = Buffer.concat(
        await new Promise<Buffer[]>((done) => {
          const parts: Buffer[] = [];
          client.handler = {
            data(bytes, start, end) {
              parts.push(Buffer.from(bytes.subarray(start, end)));
              if (Buffer.concat(parts).length >= 12) client.end();
            },
            drained() {},
            ended: () => client.end(),
            closed: () => done(parts),
          };
          client.resume();
          client.write(Buffer.from(asked, 'latin1'));
        }),
      );
      return received[3];
    };
    const SUCCEEDED = 0;
    const NOT_ALLOWED = 2;
    expect(await reply([])).toBe(SUCCEEDED);
    expect(await reply([{ deny: { fields: { 'x-token': false } } }])).toBe(NOT_ALLOWED);
    expect(await reply([{ deny: { fields: { 'x-token': true } } }])).toBe(NOT_ALLOWED);
    expect(await reply([{ allow: { fields: { 'x-token': false } } }, { deny: {} }])).toBe(NOT_ALLOWED);
    expect(await reply([{ deny: { methods: 'GET', fields: { 'x-token': true } } }])).toBe(SUCCEEDED);
  });
});

describe('at their times', () => {
  afterEach(() => vi.useRealTimers());

  test('rules begin on a connection that is open', async () => {
    const network = await running({
      mode: 'reverse',
      access: [{ deny: { when: { days: 'sun', timeZone: 'Europe/Berlin' } } }],
      routes: [{ respond: { status: 204 } }],
    });
    const client = await connect(network, '127.0.0.1', PROXY);
    const next = (): Promise<string> =>
      new Promise((done) => {
        client.handler = {
          data: (bytes, start, end) => done(bytes.toString('latin1', start, end).slice(9, 12)),
          drained() {},
          ended() {},
          closed() {},
        };
        client.resume();
        client.write(Buffer.from('GET / HTTP/1.1\r\nHost: web.example\r\n\r\n'));
      });
    vi.useFakeTimers({ now: Date.parse('2026-11-28T23:59:59+01:00'), toFake: ['Date'] });
    expect([await next(), await next()]).toEqual(['204', '204']);
    vi.setSystemTime(Date.parse('2026-11-29T00:00:00+01:00'));
    expect(await next()).toBe('403');
    client.destroy();
  });
});

async function explained(service: Service, asked: Partial<ExplainQuery>): Promise<string> {
  const value = config(service);
  const parsed = await parseConfig({ value, baseDirectory: '.' });
  const query = {
    client: address('127.0.0.1', 1024),
    listener: 0,
    method: 'GET',
    url: 'http://web.example/',
    ...asked,
  };
  const { verdict, rule, route } = await explain(parsed, { value, baseDirectory: '.' }, query);
  return `${verdict} ${rule ?? route}`;
}

test('explain takes fields and another time', async () => {
  const service: Service = {
    mode: 'reverse',
    access: [{ deny: { when: { time: '22:00-06:00' } } }, { deny: { cookies: { banned: true } } }],
    routes: [{ match: { field: { 'x-beta': true } }, respond: { status: 204 } }, { respond: { status: 204 } }],
  };
  const noon = Date.UTC(2026, 10, 29, 12);
  expect(await explained(service, { at: noon })).toBe('allow services.web.routes[1]');
  expect(await explained(service, { at: noon, fields: ['X-Beta: 1'] })).toBe('allow services.web.routes[0]');
  expect(await explained(service, { at: noon, fields: ['Cookie: banned=1'] })).toBe('deny services.web.access[1]');
  expect(await explained(service, { at: noon + 11 * 3_600_000 })).toBe('deny services.web.access[0]');
  // The time is the one that was asked for, too, where a trusted proxy names the client.
  const trusting: Service = { ...service, trustedProxies: ['loopback'] };
  const told = { at: noon + 11 * 3_600_000, fields: ['X-Forwarded-For: 10.0.0.9'] };
  expect(await explained(trusting, told)).toBe('deny services.web.access[0]');
  expect(await explained(trusting, { ...told, at: noon })).toBe('allow services.web.routes[1]');
});

describe('the check of a configuration', () => {
  const base: Service = { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] };
  const guard: Service = { proxy: 'tls', routes: [{ chainer: to('10.0.0.1:80') }] };

  async function warned(service: Service): Promise<string[]> {
    const { warnings } = await parseConfig({ value: config(service), baseDirectory: '.' });
    return warnings.map(String);
  }

  test.each<[string, Service, string]>([
    ['a tunnel has no path', { ...base, access: [{ allow: { methods: 'CONNECT', paths: '/a' } }] }, 'allow.paths'],
    [
      'nor has it for routes',
      { ...base, routes: [{ match: { method: ['CONNECT'], query: { a: true } }, respond: {} }] },
      'match.query',
    ],
    ['a rule denies tunnels, too', { ...base, access: [{ deny: { cookies: { a: true } } }] }, 'denies every tunnel'],
    ['no cookie has a ";"', { ...base, access: [{ allow: { cookies: { a: 'b;c' } } }] }, 'cookies.a'],
    ['no field begins with a space', { ...base, access: [{ allow: { fields: { a: ' b' } } }] }, 'fields.a'],
    ['a rule is behind one for all', { ...base, access: [{ deny: {} }, { allow: {} }] }, 'access[1]'],
    [
      'a guard never takes a route by path',
      { ...guard, routes: [{ match: { path: '/' }, chainer: to('a:1') }] },
      'match.path',
    ],
  ])('warns of what is not as it looks: %s', async (_what, service, place) => {
    expect(await warned(service)).toEqual([expect.stringContaining(place)]);
  });

  test.each<[string, Service]>([
    [
      'methods say that tunnels are meant',
      { ...base, access: [{ deny: { methods: ['GET', 'CONNECT'], paths: '/a' } }] },
    ],
    ['there are no tunnels', { ...base, mode: 'reverse', access: [{ deny: { paths: '/a' } }] }],
    ['fields can be seen', { ...base, access: [{ deny: { fields: { a: 'b c' } } }] }],
  ])('is content where %s', async (_what, service) => {
    expect(await warned(service)).toEqual([]);
  });

  test.each<[string, Service, string]>([
    ['a guard reads no requests', { ...guard, access: [{ deny: { fields: { a: true } } }] }, 'access[0].deny.fields'],
    [
      'a guard has no routes by query',
      { ...guard, routes: [{ match: { query: { a: true } }, chainer: to('a:1') }] },
      'match.query',
    ],
    [
      'a zone does not exist',
      { ...base, access: [{ deny: { when: { days: 'mon', timeZone: 'Europe/Berln' } } }] },
      'when.timeZone',
    ],
    ['a day does not', { ...base, access: [{ deny: { when: [{ days: 'mon' }, { days: 'mo' }] } }] }, 'when[1].days'],
    ['a range is empty', { ...base, routes: [{ match: { when: { time: '10:00-10:00' } }, respond: {} }] }, 'when.time'],
    ['a path has a query', { ...base, access: [{ deny: { paths: '/a?b' } }] }, 'deny.paths'],
    ['a path is never compared', { ...base, access: [{ deny: { paths: '/a/../*' } }] }, 'deny.paths'],
    ['a name is none', { ...base, access: [{ deny: { fields: { 'a b': true } } }] }, 'deny.fields'],
    ['there is nothing to be met', { ...base, access: [{ deny: { query: {} } }] }, 'deny.query'],
    ['a value is none', { ...base, access: [{ deny: { query: { a: [] } } }] }, 'deny.query.a'],
  ])('refuses what can never be met: %s', async (_what, service, place) => {
    await expect(createInband(config(service), { transport: createMemoryNetwork().transport() })).rejects.toThrow(
      place,
    );
  });
});
