import { get, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { askAdmin } from '../../test-support/admin-client.ts';
import { type AdminProgram, startAdminProgram, startServer } from '../../test-support/program-with-admin.ts';
import { jsonObject } from '../../test-support/json.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';
const LONG = { timeout: 20_000, interval: 100 };
const POOL = 'services.web.routes[0].chainer';
const SLOW_POOL = 'services.slow.routes[0].chainer';

const configOf = (workers: number, hosts: readonly string[], silent: string): string => `
workers: ${workers}
admin: { bind: "127.0.0.1:0", anonymous: change }
listeners:
  - { bind: "127.0.0.1:0", service: web }
  - { bind: "127.0.0.1:0", service: slow }
services:
  web:
    mode: reverse
    access: [{ deny: { hosts: [bad.example], reason: It is bad. } }]
    routes: [{ chainer: { type: failover, policy: sticky, hosts: ${JSON.stringify(hosts)} } }]
  slow:
    mode: reverse
    routes: [{ chainer: { type: directed, remote: "${silent}" } }]
`;

interface Got {
  readonly status: number | undefined;
  readonly body: string;
}

/** Asks a listener of the proxy. */
function ask(proxy: string | undefined, path: string, host = 'h'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = get(`http://${proxy}${path}`, { headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode, body }));
      response.on('error', reject);
    });
    sent.on('error', reject);
  });
}

/** The bodies of so many answers. Each of the connections may come to another worker. */
async function bodiesOf(proxy: string | undefined, count = 12): Promise<Set<string>> {
  const got = await Promise.all(Array.from({ length: count }, () => ask(proxy, '/')));
  return new Set(got.map(({ body }) => body));
}

describe.each([1, 2])('the admin API beside %i process(es) that serve clients', (workers) => {
  const stops: (() => Promise<void>)[] = [];
  let started: AdminProgram;
  let [first, second, silent] = ['', '', ''];
  let [web, slow]: readonly (string | undefined)[] = [];

  const askApi = (method: string, path: string, body?: object) => askAdmin(started.admin, [method, path], { body });
  const order = (pool: string, server: string, name: string) =>
    askApi('POST', `/pools/${encodeURIComponent(pool)}/servers/${server}/${name}`);

  beforeAll(async () => {
    const atEnd = (stop: () => Promise<void>) => stops.push(stop);
    first = await startServer(OK, atEnd);
    second = await startServer(OK.replace('ok', 'no'), atEnd);
    silent = await startServer('', atEnd);
    started = await startAdminProgram(configOf(workers, [first, second], silent), 2, atEnd);
    [web, slow] = started.proxies;
  });
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  test('shows sessions, one, and ends it', async () => {
    const asked = ask(slow, '/slow?x');
    const found = await vi.waitFor(async () => {
      const { body } = await askApi('GET', '/sessions?target=slow&state=sending');
      expect(body).toMatchObject({ total: 1, missing: [] });
      return body;
    }, LONG);
    const [session] = found.sessions as [{ id: string }];
    expect(session).toMatchObject({
      kind: 'request',
      service: 'slow',
      route: 'services.slow.routes[0]',
      method: 'GET',
      target: '/slow?x',
      server: silent,
    });
    const path = `/sessions/${session.id}`;
    expect(await askApi('GET', path)).toMatchObject({ status: 200, body: { id: session.id } });
    expect(await askApi('DELETE', path)).toMatchObject({ status: 200, body: { id: session.id } });
    expect(await asked).toMatchObject({ status: 502, body: expect.stringContaining('"fault": "proxy"') });
    expect(await askApi('GET', path)).toMatchObject({ status: 404 });
    const { body } = await askApi('GET', '/errors');
    const [newest] = body.recent as object[];
    expect(newest).toMatchObject({ id: session.id, reason: 'The operator of the proxy ended it.' });
  });

  test('takes a server out in every process, those that are started later included, and back in', async () => {
    // Sticky: whoever was left is not used again before the other one is.
    await order(POOL, second, 'drain');
    expect(await bodiesOf(web)).toEqual(new Set(['ok']));
    await order(POOL, second, 'undrain');
    expect(await bodiesOf(web)).toEqual(new Set(['ok']));
    expect(await order(POOL, first, 'drain')).toMatchObject({ status: 200 });
    if (workers > 1) {
      const [, worker = 0] = await started.program.processes();
      process.kill(worker, 'SIGKILL');
      await started.program.logged('restarted');
    }
    const { body: drained } = await askApi('GET', '/pools');
    expect(drained).toMatchObject({
      missing: [],
      pools: [
        {
          name: POOL,
          kind: 'failover',
          queued: 0,
          servers: [
            { address: first, state: 'drained', byApi: true, why: 'drain, by anonymous', inFlight: 0 },
            { address: second, state: 'up', byApi: false, since: null, why: null },
          ],
        },
        { name: SLOW_POOL, kind: 'directed' },
      ],
    });
    expect(await bodiesOf(web)).toEqual(new Set(['no']));
    await order(POOL, first, 'undrain');
    const { body } = await askApi('GET', '/pools');
    expect(body).toMatchObject({ pools: [{ servers: [{ state: 'up', byApi: false }, { state: 'up' }] }, {}] });
    expect(await order('no', first, 'drain')).toMatchObject({
      status: 404,
      body: { title: 'There is no such server' },
    });
  });

  test('ends the sessions of a server that is down', async () => {
    const asked = [ask(slow, '/a'), ask(slow, '/b')];
    await vi.waitFor(async () => {
      const { body } = await askApi('GET', '/pools');
      expect(body).toMatchObject({ pools: [{}, { servers: [{ inFlight: 2, state: 'up' }] }] });
    }, LONG);
    onTestFinished(async () => {
      await order(SLOW_POOL, silent, 'up');
    });
    await order(SLOW_POOL, silent, 'down');
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([502, 502]);
    expect(await ask(slow, '/c')).toMatchObject({ status: 503 });
  });

  test('shows routes, explains a request, and what was denied with what would allow it', async () => {
    expect(await ask(web, '/x', 'bad.example')).toMatchObject({ status: 403 });
    const { body: routes } = await askApi('GET', '/routes');
    expect((routes.services as object[])[0]).toMatchObject({
      name: 'web',
      kind: 'http, reverse',
      policy: '1 rule, then the defaults of mode reverse',
      routes: [{ name: 'services.web.routes[0]', match: 'everything', chainer: 'failover', servers: [first, second] }],
    });
    const { body: denials } = await askApi('GET', '/denials');
    const [newest] = denials.recent as object[];
    expect(newest).toMatchObject({
      client: expect.stringMatching(/^127\.0\.0\.1:/),
      target: '/x',
      rule: 'services.web.access[0]',
      reason: 'It is bad.',
      advice:
        'Add to services.web.access, before services.web.access[0]: { allow: { clients: 127.0.0.1, hosts: "bad.example", methods: GET, paths: "/x" } }, without what that rule does not ask for. Where it asks for fields, query, cookies or times, change it.',
    });
    const explain = (body: object) => askApi('POST', '/explain', body);
    expect(await explain({ url: 'http://bad.example/x' })).toMatchObject({
      status: 200,
      body: { verdict: 'deny', rule: 'services.web.access[0]', status: 403 },
    });
    expect(await explain({ url: 'http://good.example/', service: 'web', client: '10.0.0.1' })).toMatchObject({
      status: 200,
      body: { verdict: 'allow', client: '10.0.0.1:49152', servers: [{ address: first }, { address: second }] },
    });
    expect(await explain({ url: 'http://x/', service: 'no' })).toMatchObject({ status: 422 });
    expect(await explain({ url: 'http://x/', client: 'nobody' })).toMatchObject({ status: 422 });
    expect(await explain({ url: 'http://x/', colour: 'red' })).toMatchObject({ status: 400 });
    // What the explanation has used belongs to the proxy still.
    expect(await ask(web, '/')).toMatchObject({ status: 200 });
  });

  test('tells the log as it is written, to readers that want it', async () => {
    const denied = readEvents(started, '/log?verdict=denied-by-policy');
    const all = readEvents(started, '/log');
    await vi.waitFor(async () => {
      await ask(web, '/seen');
      await ask(web, '/x', 'bad.example');
      expect(denied.events.length).toBeGreaterThan(0);
      expect(all.events.filter(({ data }) => data.target === '/seen').length).toBeGreaterThanOrEqual(2);
    }, LONG);
    expect(denied.events[0]).toMatchObject({
      event: 'session',
      id: expect.stringMatching(/^\w{8}-\d+$/),
      data: { verdict: 'denied-by-policy', service: 'web', target: '/x' },
    });
    expect(new Set(denied.events.map(({ data }) => data.verdict))).toEqual(new Set(['denied-by-policy']));
    started.program.kill('SIGHUP');
    await vi.waitFor(() => {
      expect(all.events.find(({ event, data }) => event === 'message' && data.msg === 'reloading')).toBeDefined();
    }, LONG);
  });
});

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** Reads server-sent events until the test ends. */
function readEvents({ admin }: AdminProgram, path: string): { readonly events: Event[] } {
  const events: Event[] = [];
  let text = '';
  const sent = request(`http://${admin}${path}`, { agent: false }, (response) => {
    expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const one of parts) {
        const [, event = '', id = '', data = ''] = /^event: (.*)\n(?:id: (.*)\n)?data: (.*)$/.exec(one) ?? [];
        if (data !== '') events.push({ event, id, data: jsonObject(data) });
      }
    });
    response.on('error', () => undefined);
  });
  sent.on('error', () => undefined);
  sent.end();
  onTestFinished(() => void sent.destroy());
  return { events };
}
