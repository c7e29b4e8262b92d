import { get, request } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { askAdmin } from '../../test-support/admin-client.ts';
import { type AdminProgram, startAdminProgram, startServer } from '../../test-support/program-with-admin.ts';
import { jsonObject } from '../../test-support/json.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';
const LONG = { timeout: 20_000, interval: 100 };
const POOL = 'services.web.routes[0].chainer';

const configOf = (workers: number, hosts: readonly string[]): string => `
workers: ${workers}
admin: { bind: "127.0.0.1:0", anonymous: change }
listeners: [{ bind: "127.0.0.1:0", service: web }]
services:
  web:
    mode: reverse
    access: [{ deny: { hosts: [bad.example], reason: It is bad. } }]
    routes: [{ chainer: { type: failover, policy: sticky, hosts: ${JSON.stringify(hosts)} } }]
`;

interface Got {
  readonly status: number | undefined;
  readonly body: string;
}

/** Asks the proxy. */
function ask({ proxy }: AdminProgram, path: string, host = 'h'): Promise<Got> {
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

/** Each of so many connections may come to another worker. */
async function askMany(program: AdminProgram, path: string, count = 12): Promise<Got[]> {
  return Promise.all(Array.from({ length: count }, () => ask(program, path)));
}

describe.each([1, 2])('the admin API beside %i process(es) that serve clients', (workers) => {
  test('shows sessions, one, and ends it', async () => {
    const silent = await startServer('');
    const started = await startAdminProgram(configOf(workers, [silent]));
    const asked = ask(started, '/slow?x');
    const found = await vi.waitFor(async () => {
      const { body } = await askAdmin(started.admin, ['GET', '/sessions?target=slow&state=sending']);
      expect(body).toMatchObject({ total: 1, missing: [] });
      return body;
    }, LONG);
    const [session] = found.sessions as [{ id: string }];
    expect(session).toMatchObject({
      kind: 'request',
      service: 'web',
      route: 'services.web.routes[0]',
      method: 'GET',
      target: '/slow?x',
      server: silent,
    });
    const path = `/sessions/${session.id}`;
    expect(await askAdmin(started.admin, ['GET', path])).toMatchObject({ status: 200, body: { id: session.id } });
    expect(await askAdmin(started.admin, ['DELETE', path])).toMatchObject({ status: 200, body: { id: session.id } });
    expect(await asked).toMatchObject({
      status: 502,
      body: expect.stringContaining('"fault": "proxy"'),
    });
    expect(await askAdmin(started.admin, ['GET', path])).toMatchObject({ status: 404 });
    const { body } = await askAdmin(started.admin, ['GET', '/errors']);
    expect(body).toMatchObject({ recent: [{ id: session.id, reason: 'The operator of the proxy ended it.' }] });
  });

  test('drains a server in every process, ends the sessions of one that is down, and takes it back in', async () => {
    const [first, second] = [await startServer(OK), await startServer(OK.replace('ok', 'no'))];
    const started = await startAdminProgram(configOf(workers, [first, second]));
    const order = (name: string) => ['POST', `/pools/${encodeURIComponent(POOL)}/servers/${first}/${name}`] as const;
    expect(new Set((await askMany(started, '/')).map(({ body }) => body))).toEqual(new Set(['ok']));
    const drained = await askAdmin(started.admin, order('drain'));
    expect(drained).toMatchObject({
      status: 200,
      body: {
        pools: [
          {
            name: POOL,
            kind: 'failover',
            servers: [
              { address: first, state: 'drained', byApi: true, why: 'drain, by anonymous', inFlight: 0 },
              { address: second, state: 'up', byApi: false, since: null, why: null },
            ],
          },
        ],
      },
    });
    expect(new Set((await askMany(started, '/')).map(({ body }) => body))).toEqual(new Set(['no']));
    await askAdmin(started.admin, order('undrain'));
    const { body } = await askAdmin(started.admin, ['GET', '/pools']);
    expect(body).toMatchObject({ pools: [{ servers: [{ state: 'up', byApi: false }, { state: 'up' }] }] });
    const unknown = await askAdmin(started.admin, ['POST', `/pools/no/servers/${first}/drain`]);
    expect(unknown).toMatchObject({ status: 404, body: { title: 'There is no such server' } });
  });

  test('a server that is down loses the sessions that it has', async () => {
    const silent = await startServer('');
    const started = await startAdminProgram(configOf(workers, [silent]));
    const asked = [ask(started, '/a'), ask(started, '/b')];
    await vi.waitFor(async () => {
      const { body } = await askAdmin(started.admin, ['GET', '/pools']);
      expect(body).toMatchObject({ pools: [{ servers: [{ inFlight: 2, state: 'up' }] }] });
    }, LONG);
    await askAdmin(started.admin, ['POST', `/pools/${POOL}/servers/${silent}/down`]);
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([502, 502]);
    expect(await ask(started, '/c')).toMatchObject({ status: 503 });
  });

  test('shows routes, explains a request, and what was denied with what would allow it', async () => {
    const server = await startServer(OK);
    const started = await startAdminProgram(configOf(workers, [server]));
    expect(await ask(started, '/x', 'bad.example')).toMatchObject({ status: 403 });
    expect(await askAdmin(started.admin, ['GET', '/routes'])).toMatchObject({
      status: 200,
      body: {
        services: [
          {
            name: 'web',
            kind: 'http, reverse',
            policy: '1 rule, then the defaults of mode reverse',
            routes: [{ name: 'services.web.routes[0]', match: 'everything', chainer: 'failover', servers: [server] }],
          },
        ],
      },
    });
    const { body: denials } = await askAdmin(started.admin, ['GET', '/denials']);
    expect(denials).toMatchObject({
      recent: [
        {
          client: expect.stringMatching(/^127\.0\.0\.1:/),
          target: '/x',
          rule: 'services.web.access[0]',
          reason: 'It is bad.',
          advice:
            'Add to services.web.access, before services.web.access[0]: { allow: { clients: 127.0.0.1, hosts: "bad.example" } }.',
        },
      ],
    });
    const explain = (body: object) => askAdmin(started.admin, ['POST', '/explain'], { body });
    expect(await explain({ url: 'http://bad.example/x' })).toMatchObject({
      status: 200,
      body: { verdict: 'deny', rule: 'services.web.access[0]', status: 403 },
    });
    expect(await explain({ url: 'http://good.example/', service: 'web', client: '10.0.0.1' })).toMatchObject({
      status: 200,
      body: { verdict: 'allow', client: '10.0.0.1:49152', servers: [{ address: server }] },
    });
    expect(await explain({ url: 'http://x/', service: 'no' })).toMatchObject({ status: 422 });
    expect(await explain({ url: 'http://x/', client: 'nobody' })).toMatchObject({ status: 422 });
    expect(await explain({ url: 'http://x/', colour: 'red' })).toMatchObject({ status: 400 });
    // What the explanation has used belongs to the proxy still.
    expect(await ask(started, '/')).toMatchObject({ status: 200 });
  });

  test('tells the log as it is written, to readers that want it', async () => {
    const server = await startServer(OK);
    const started = await startAdminProgram(configOf(workers, [server]));
    const denied = readEvents(started, '/log?verdict=denied-by-policy');
    const all = readEvents(started, '/log');
    await vi.waitFor(async () => {
      await askMany(started, '/seen', 4);
      await ask(started, '/x', 'bad.example');
      expect(denied.events.length).toBeGreaterThan(0);
      expect(all.events.filter(({ data }) => data.target === '/seen').length).toBeGreaterThanOrEqual(4);
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

test('a worker that is started later has the orders that there are', async () => {
  const [first, second] = [await startServer(OK), await startServer(OK.replace('ok', 'no'))];
  const started = await startAdminProgram(configOf(2, [first, second]));
  await askAdmin(started.admin, ['POST', `/pools/${POOL}/servers/${first}/drain`]);
  const [, worker] = await started.program.processes();
  process.kill(worker ?? 0, 'SIGKILL');
  await started.program.logged('restarted');
  const { body } = await askAdmin(started.admin, ['GET', '/pools']);
  expect(body).toMatchObject({
    missing: [],
    pools: [{ servers: [{ state: 'drained', byApi: true }, { state: 'up' }] }],
  });
  expect(new Set((await askMany(started, '/')).map((got) => got.body))).toEqual(new Set(['no']));
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
