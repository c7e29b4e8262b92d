import { createMemoryNetwork } from '@inband/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { address, connect, exchange, startOrigin } from '../../../test-support/memory/memory-http.ts';
import { parseText } from '../../config/read/locate.ts';
import { parseConfig } from '../../config/parse-config.ts';
import { silentLogger } from '../../log/logging.ts';
import { findSessions, joinSessions, sessionWithId } from '../../observe/live-sessions.ts';
import { LogTap } from '../../observe/log-tap.ts';
import { startInband } from '../start.ts';

const [reverse, forward] = [address('127.0.0.1', 8080), address('127.0.0.1', 3128)];
const [a, b] = ['198.51.100.1:80', '198.51.100.2:80'];

const configOf = (hosts: readonly string[] = [a, b], more: object = {}) => ({
  admin: { bind: '127.0.0.1:0' },
  listeners: [
    { bind: '127.0.0.1:8080', service: 'web' },
    { bind: '127.0.0.1:3128', service: 'browsers' },
  ],
  services: {
    web: { mode: 'reverse', routes: [{ chainer: { type: 'failover', hosts, policy: 'sticky', ...more } }] },
    browsers: {
      mode: 'forward',
      access: [{ deny: { hosts: ['bad.example'], reason: 'It is bad.' } }],
      routes: [{ chainer: { type: 'inband' } }],
    },
  },
});

async function setUp(config = configOf()) {
  const network = createMemoryNetwork();
  for (const text of [a, b]) {
    const origin = await startOrigin(network, address(text.slice(0, -3), 80), text);
    onTestFinished(() => origin.close());
  }
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (fields: object, message: string) => warnings.push({ message, ...fields }) };
  const source = { value: config, baseDirectory: '/' };
  const running = await startInband(await parseConfig(source), source, {
    logger,
    onSession: undefined,
    transport: network.transport(),
    prepareLog: () => ({ commit: () => undefined, abandon: () => undefined }),
  });
  onTestFinished(() => running.close({ grace: 0 }));
  const { observed } = running;
  if (observed === undefined) throw new Error('It is not observed.');
  const { tap } = observed;
  onTestFinished(() => tap.close());
  const reload = async (next: object) => {
    const changed = { value: next, baseDirectory: '/' };
    return running.reload(await parseConfig(changed), changed);
  };
  const get = (path: string) =>
    exchange(network, '10.0.0.7', reverse, `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
  const ask = (url: string, from = '10.0.0.7', method = 'GET') => {
    const host = new URL(url).host;
    return exchange(network, from, forward, `${method} ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  };
  return { network, running, observed, tap, warnings, reload, get, ask };
}

describe('denials', () => {
  test('are kept with the rule, and with what would allow them', async () => {
    const { observed, ask } = await setUp();
    await ask('http://bad.example/x');
    await ask('http://127.0.0.1/');
    await ask('http://198.51.100.1/', '203.0.113.5');
    expect(observed.recent.denials()).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        id: expect.stringMatching(/^\w{8}-\d+$/),
        client: expect.stringMatching(/^203\.0\.113\.5:\d+$/),
        service: 'browsers',
        target: 'http://198.51.100.1/',
        rule: 'default: clients of a forward proxy',
        reason: expect.stringContaining('serves clients on loopback and private networks only'),
        advice: 'Add to services.browsers.access: { allow: { clients: 203.0.113.5, hosts: "198.51.100.1" } }.',
      },
      expect.objectContaining({
        rule: 'default: a client never reaches an address more private than its own',
        advice: 'Add to services.browsers.access: { allow: { clients: 10.0.0.7, servers: 127.0.0.1, ports: 80 } }.',
      }),
      expect.objectContaining({
        rule: 'services.browsers.access[0]',
        reason: 'It is bad.',
        advice:
          'Add to services.browsers.access, before services.browsers.access[0]: { allow: { clients: 10.0.0.7, hosts: "bad.example", methods: GET, paths: "/x" } }, without what that rule does not ask for. Where it asks for fields, query, cookies or times, change it.',
      }),
    ]);
    expect(observed.recent.errors()).toEqual([]);
  });

  test('the advice for a rule about paths allows the path, and nothing else', async () => {
    const paths = configOf();
    const rules: object[] = paths.services.browsers.access;
    rules.splice(0, 1, { deny: { paths: '/secret/' } }, { allow: { hosts: 'good.example' } });
    const { observed, ask, reload } = await setUp(paths);
    expect(await ask('http://good.example:1/secret/a?b')).toContain(' 403 ');
    const [denial] = observed.recent.denials();
    const [, allow = ''] = /access\[0\]: (\{ allow: .* \} \})/.exec(denial?.advice ?? '') ?? [];
    expect(allow).toContain('paths: "/secret/a"');
    rules.unshift(parseText(allow, 'yaml').value as object);
    await reload(paths);
    expect(await ask('http://good.example:1/secret/a?b')).not.toContain(' 403 ');
    expect(await ask('http://good.example:1/secret/b')).toContain(' 403 ');
    expect(await ask('http://good.example:1/secret/a', '10.0.0.8')).toContain(' 403 ');
    expect(await ask('http://good.example:1/secret/a', '10.0.0.7', 'POST')).toContain(' 403 ');
  });

  test('the advice allows what was denied', async () => {
    const { ask, reload } = await setUp();
    const config = configOf();
    expect(await ask('http://bad.example:1/')).toContain(' 403 ');
    config.services.browsers.access.unshift({ allow: { clients: '10.0.0.7', hosts: 'bad.example' } } as never);
    await reload(config);
    expect(await ask('http://bad.example:1/')).not.toContain(' 403 ');
  });
});

test('errors are kept with what to do, the last hundred of them', async () => {
  const { observed, ask } = await setUp();
  for (let count = 0; count < 102; count += 1) await ask(`http://8.8.8.8/${count}`);
  const errors = observed.recent.errors();
  expect(errors).toHaveLength(100);
  expect(errors[0]).toMatchObject({
    target: 'http://8.8.8.8/101',
    code: 'connection_refused',
    advice: 'Check the port, and that the server is running.',
  });
  expect(errors.at(-1)).toMatchObject({ target: 'http://8.8.8.8/2' });
});

describe('pools', () => {
  test('have their names, their servers, and how long connecting takes', async () => {
    const { observed, get } = await setUp();
    expect(await get('/')).toContain(a);
    const { pools } = observed;
    expect(pools.all).toMatchObject([{ name: 'services.web.routes[0].chainer', kind: 'failover' }]);
    const [pool] = pools.all;
    if (pool === undefined) throw new Error('There is one.');
    expect(observed.connectTimes.of(pool.pool, a)).toEqual({ last: expect.any(Number), average: expect.any(Number) });
    expect(observed.connectTimes.of(pool.pool, b)).toBeUndefined();
  });

  test('keep an order over a reload that makes them anew, and tell when its server is gone', async () => {
    const { observed, get, reload, warnings } = await setUp();
    const name = 'services.web.routes[0].chainer';
    const note = { order: 'drain', by: 'ops', at: 1 } as const;
    expect(observed.pools.order(name, a, note)).toBe(true);
    expect(observed.pools.order(name, '192.0.2.1:1', note)).toBe(false);
    expect(observed.pools.order('services.no.routes[0].chainer', a, note)).toBe(false);
    expect(await get('/')).toContain(b);
    await reload(configOf([a, b], { stateTimeout: '1s' }));
    expect(observed.pools.orders).toEqual([{ pool: name, address: a, ...note }]);
    expect(await get('/')).toContain(b);
    await reload(configOf([b]));
    expect(observed.pools.orders).toEqual([]);
    expect(warnings).toMatchObject([{ pool: name, server: a, order: 'drain' }]);
    await reload(configOf([a, b]));
    expect(await get('/')).toContain(a);
  });
});

test('sessions that go on are found, in the pool that they have, and after a reload as well', async () => {
  const { network, observed, running, reload } = await setUp();
  const silent = await network.transport().listen(address('198.51.100.3', 80), {}, (connection) => connection.resume());
  onTestFinished(() => silent.close());
  await reload(configOf(['198.51.100.3:80']));
  const client = await connect(network, '10.0.0.8', reverse);
  client.write(Buffer.from('GET /slow HTTP/1.1\r\nHost: h\r\n\r\n'));
  const query = { sort: 'seconds', order: 'desc', limit: 10 } as const;
  await vi.waitFor(
    async () => {
      const { sessions } = await findSessions(running.sessions(), query);
      expect(sessions).toMatchObject([{ state: 'sending' }]);
    },
    { timeout: 10_000 },
  );
  const { sessions, total } = await findSessions(running.sessions(), { ...query, client: '10.0.0.8', target: 'slow' });
  expect({ sessions, total }).toMatchObject({
    sessions: [
      {
        kind: 'request',
        service: 'web',
        route: 'services.web.routes[0]',
        method: 'GET',
        target: '/slow',
        state: 'sending',
        server: '198.51.100.3:80',
        requestBytes: 0,
        responseBytes: 0,
      },
    ],
    total: 1,
  });
  expect(await findSessions(running.sessions(), { ...query, service: 'browsers' })).toMatchObject({ total: 0 });
  expect(joinSessions([...sessions, ...sessions], { ...query, limit: 1 })).toHaveLength(1);
  await reload(configOf(['198.51.100.3:80'], { connectTimeout: '1s' }));
  const inPools = observed.pools.sessionsByServer(running.sessions());
  expect(inPools.get('services.web.routes[0].chainer')?.get('198.51.100.3:80')).toHaveLength(1);
  sessionWithId(running.sessions(), sessions[0]?.id ?? '')?.end();
  await vi.waitFor(() => expect([...running.sessions()]).toEqual([]), { timeout: 10_000 });
  expect(observed.recent.errors()).toMatchObject([{ reason: 'The operator of the proxy ended it.' }]);
  client.destroy();
});

describe('the tap of the log', () => {
  test('gives lines to the readers that want them, from the time on when they asked', async () => {
    const { tap, get, ask } = await setUp();
    await get('/before');
    expect(tap.take([{ verdict: 'denied-by-policy' }, { target: '/two' }, {}])).toEqual({ lines: [], lost: [] });
    await get('/one');
    await get('/two');
    await ask('http://bad.example/');
    tap.message('warn', { err: new Error('broken') }, 'something is wrong');
    tap.message('debug', {}, 'a detail');
    const { lines, lost } = tap.take([]);
    expect(lines.map(({ event, readers }) => ({ event, readers }))).toEqual([
      { event: 'session', readers: [2] },
      { event: 'session', readers: [1, 2] },
      { event: 'session', readers: [0, 2] },
      { event: 'message', readers: [2] },
    ]);
    expect(JSON.parse(lines[1]?.data ?? '')).toMatchObject({
      level: 'info',
      target: '/two',
      verdict: 'accepted',
      service: 'web',
    });
    expect(JSON.parse(lines[3]?.data ?? '')).toMatchObject({ msg: 'something is wrong', err: { message: 'broken' } });
    expect(lost).toEqual([0, 0, 0]);
    expect(tap.isOn).toBe(false);
  });

  test('keeps no more than it may, and counts the rest for each reader', () => {
    const tap = new LogTap();
    tap.take([{}, { service: 'web' }]);
    for (let count = 0; count < 503; count += 1) tap.message('info', { count }, 'a line');
    const { lines, lost } = tap.take([]);
    expect(lines).toHaveLength(500);
    expect(lost).toEqual([3, 0]);
  });

  test('is off when nobody has asked for a while', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const tap = new LogTap();
    tap.take([{}]);
    vi.advanceTimersByTime(4_999);
    expect(tap.isOn).toBe(true);
    vi.advanceTimersByTime(1);
    expect(tap.isOn).toBe(false);
  });
});
