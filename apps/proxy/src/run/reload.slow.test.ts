import {
  type Connection,
  createMemoryNetwork,
  definePlugin,
  diagnostics,
  type Logger,
  type MemoryNetwork,
  type PoolMessage,
} from '@inband/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { collectGarbage } from '../../../../test/support/collect-garbage.ts';
import { address, connect, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { talk } from '../../test-support/memory/memory-client.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';
import type { Inband } from '../single/embedding.ts';
import { z } from 'zod';

declare module '../index.ts' {
  interface ChainerKinds {
    traced: { readonly version: number };
  }
  interface ResolverKinds {
    counting: object;
  }
}

type Services = ConfigInput['services'];

const PROXY = address('127.0.0.1', 3128);
const ORIGIN = address('127.0.0.1', 8000);
const get = (host: string) => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const once = (host: string) => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

const browser: Services[string] = { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] };
const other: Services[string] = { ...browser, access: [{ deny: { ports: 25 } }] };

function config(services: Services = { browser }, more: Partial<ConfigInput> = {}): ConfigInput {
  return { listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }], services, ...more };
}

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

async function start(first: ConfigInput) {
  const network = createMemoryNetwork();
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields });
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const inband = await createInband(first, { transport: network.transport(), logger });
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    await vi.waitFor(() => expect(network.open).toBe(0));
  });
  return { network, inband, lines };
}

/** An origin that answers every request on a connection with `name`, and keeps it open. */
async function keepingOrigin(network: MemoryNetwork, where = ORIGIN, name = 'origin'): Promise<void> {
  const origin = await network.transport().listen(where, {}, (connection) => {
    connection.handler = {
      data: () =>
        void connection.write(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`)),
      drained: () => {},
      ended: () => connection.destroy(),
      closed: () => {},
    };
    connection.resume();
  });
  onTestFinished(() => origin.close());
}

async function open(network: MemoryNetwork, server = PROXY) {
  const connection: Connection = await connect(network, '127.0.0.1', server);
  const client = talk(connection);
  onTestFinished(() => connection.destroy());
  return client;
}

const names = (parts: Awaited<ReturnType<Inband['reload']>>['changed']) =>
  parts.map(({ kind, name }) => `${kind} ${name}`);

describe('a reload', () => {
  test('says that nothing has changed, and makes no generation then', async () => {
    const { inband, lines } = await start(config());
    const reloaded = await inband.reload(config());
    expect(reloaded).toMatchObject({ generation: 1, alive: 1, added: [], changed: [], dropped: [] });
    expect(reloaded.kept.length).toBeGreaterThan(5);
    expect(lines.at(-1)).toMatchObject({ level: 'info', message: 'reloaded; nothing has changed' });
  });

  test('answers with the difference, and logs it in one line', async () => {
    const { inband, lines } = await start(config({ browser, other }));
    const denied = { ...other, access: [{ deny: { ports: 26 } }] };
    const reloaded = await inband.reload(
      config({ browser, other: denied, third: other }, { limits: { connections: 7 } }),
    );
    expect(reloaded.generation).toBe(2);
    expect(names(reloaded.changed)).toEqual([
      'setting limits',
      'policy services.other.access',
      'service services.other',
      'proxy services.other',
    ]);
    expect(names(reloaded.added)).toContain('chainer services.third.routes[0].chainer');
    expect(names(reloaded.kept)).toContain('chainer services.other.routes[0].chainer');
    expect(lines.findLast(({ message }) => message === 'reloaded')?.fields).toMatchObject({
      generation: 2,
      changed: ['setting limits', 'policy services.other.access', 'service services.other', 'proxy services.other'],
      kept: reloaded.kept.length,
    });
    const back = await inband.reload(config());
    expect(names(back.dropped)).toContain('service services.third');
  });

  test('of a wrong configuration is refused with all problems, and changes nothing', async () => {
    const { network, inband } = await start(config());
    await keepingOrigin(network);
    const wrong = {
      listeners: [{ bind: '127.0.0.1:3128', service: 'nobody' }],
      services: { browser: { mode: 'forwards' } },
    };
    // @ts-expect-error -- a wrong configuration
    await expect(inband.reload(wrong)).rejects.toThrow(/services\.browser\.mode[^]*|nobody/);
    expect(await exchange(network, '127.0.0.1', PROXY, once('127.0.0.1:8000'))).toMatch(/^HTTP\/1.1 200 /);
  });

  test('whose listener cannot be opened is refused at its place, and closes what it has opened', async () => {
    const { network, inband } = await start(config());
    const taken = await network
      .transport()
      .listen(address('127.0.0.1', 3130), {}, (connection) => connection.destroy());
    onTestFinished(() => taken.close());
    const binds = ['127.0.0.1:3128', '127.0.0.1:3129', '127.0.0.1:3130'];
    const listeners = binds.map((bind) => ({ bind, service: 'browser' }));
    await expect(inband.reload(config(undefined, { listeners }))).rejects.toThrow(/^listeners\[2\]\.bind: /);
    await expect(connect(network, '127.0.0.1', address('127.0.0.1', 3129))).rejects.toThrow();
    expect(await inband.reload(config())).toMatchObject({ generation: 1, alive: 1 });
  });

  test.each([
    ['transport', { transport: 'node' }],
    ['workers', { workers: 2 }],
  ] satisfies [string, Partial<ConfigInput>][])('names what it cannot change: %s', async (path, more) => {
    const { inband } = await start(config());
    await expect(inband.reload(config(undefined, more))).rejects.toThrow(path);
  });

  test('gives the next request of an open connection the new rules, and the running one the old', async () => {
    const { network, inband } = await start(config());
    await keepingOrigin(network);
    const hold = Promise.withResolvers<Connection>();
    const slow = await network
      .transport()
      .listen(address('127.0.0.1', 8001), {}, (connection) => hold.resolve(connection));
    onTestFinished(() => slow.close());
    const [idle, busy] = [await open(network), await open(network)];
    expect(await idle.ask(get('127.0.0.1:8000'), 'origin')).toMatch(/200 OK/);
    busy.send(get('127.0.0.1:8001'));
    const server = await hold.promise;
    const denying = { ...browser, access: [{ deny: { ports: [8000, 8001] } }] };
    expect(await inband.reload(config({ browser: denying }))).toMatchObject({ generation: 2, alive: 2 });
    expect(await idle.ask(get('127.0.0.1:8000'), '}\n')).toMatch(/^HTTP\/1.1 403 [^]*services\.browser\.access\[0\]/);
    server.write(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow'));
    expect(await busy.until('slow')).toMatch(/200 OK/);
    expect(await busy.ask(get('127.0.0.1:8000'), '}\n')).toMatch(/HTTP\/1.1 403 /);
    expect(await inband.reload(config({ browser: denying }))).toMatchObject({ generation: 2, alive: 1 });
    server.destroy();
  });

  test('leaves tunnels open, until reload.maxAge is over', async () => {
    const brief = { reload: { maxAge: '1s' as const } };
    const { network, inband, lines } = await start(config({ browser }, brief));
    const echo = await network.transport().listen(address('127.0.0.1', 443), {}, (connection) => {
      connection.handler = {
        data: (bytes, from, to) => void connection.write(Buffer.from(bytes.subarray(from, to))),
        drained: () => {},
        ended: () => connection.destroy(),
        closed: () => {},
      };
      connection.resume();
    });
    onTestFinished(() => echo.close());
    const tunnel = await open(network);
    expect(await tunnel.ask('CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n', '\r\n\r\n')).toMatch(
      /^HTTP\/1.1 200/,
    );
    await inband.reload(config({ browser: { ...browser, access: [{ deny: { ports: 443 } }] } }, brief));
    expect(await tunnel.ask('still here', 'still here')).toContain('still here');
    await tunnel.closed;
    expect(lines.find(({ message }) => message === 'closing what an old configuration still serves')).toMatchObject({
      level: 'warn',
      fields: { generation: 1, connections: 1, why: 'reload.maxAge is over' },
    });
    const why = 'The configuration with which it began was replaced, and its time was over.';
    await vi.waitFor(() => expect(lines.find(({ message }) => message === 'tunnel')?.fields).toMatchObject({ why }));
  });

  test('leaves a session within a tunnel to the rules with which the tunnel began', async () => {
    const inspected = (denied: number): ConfigInput =>
      config({
        browser: {
          mode: 'forward',
          http: { connectPorts: 'any' },
          routes: [{ chainer: { type: 'sidestack', service: 'inner', chainer: { type: 'inband' } } }],
        },
        inner: { mode: 'transparent', access: [{ deny: { methods: [`M${denied}`] } }, { allow: {} }] },
      });
    const { network, inband } = await start(inspected(1));
    await keepingOrigin(network);
    const enter = async () => {
      const tunnel = await open(network);
      const head = 'CONNECT 127.0.0.1:8000 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n';
      expect(await tunnel.ask(head, '\r\n\r\n')).toMatch(/^HTTP\/1.1 200/);
      return tunnel;
    };
    const request = (method: string) => `${method} / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n`;
    const before = await enter();
    expect(await before.ask(request('M2'), 'origin')).toMatch(/200 OK/);
    const { alive, changed } = await inband.reload(inspected(2));
    expect(alive).toBe(2);
    expect(names(changed)).toContain('chainer services.browser.routes[0].chainer');
    expect(await before.ask(request('M2'), 'origin')).toMatch(/200 OK/);
    expect(await before.ask(request('M1'), '}\n')).toMatch(/ 403 /);
    const after = await enter();
    expect(await after.ask(request('M1'), 'origin')).toMatch(/200 OK/);
    expect(await after.ask(request('M2'), '}\n')).toMatch(/ 403 /);
  });

  test('ends the oldest configuration when eight are in use', async () => {
    const { network, inband, lines } = await start(config());
    const quiet = await network.transport().listen(address('127.0.0.1', 443), {}, (connection) => {
      connection.handler = { data: () => {}, drained: () => {}, ended: () => connection.destroy(), closed: () => {} };
      connection.resume();
    });
    onTestFinished(() => quiet.close());
    const tunnels = [];
    for (let port = 1; port <= 8; port += 1) {
      const tunnel = await open(network);
      await tunnel.ask('CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n', '\r\n\r\n');
      tunnels.push(tunnel);
      const { alive } = await inband.reload(config({ browser: { ...browser, access: [{ deny: { ports: port } }] } }));
      expect(alive).toBe(Math.min(port + 1, 8));
    }
    await tunnels[0]?.closed;
    expect(lines.filter(({ message }) => message === 'closing what an old configuration still serves')).toMatchObject([
      { fields: { generation: 1, connections: 1, why: '7 newer ones are in use' } },
    ]);
  });

  test('opens and closes listeners; who waits in the queue of a closed one is served', async () => {
    const { network, inband } = await start(config());
    await keepingOrigin(network);
    const before = await open(network);
    expect(await before.ask(get('127.0.0.1:8000'), 'origin')).toMatch(/200 OK/);
    const reloaded = await inband.reload({ ...config(), listeners: [{ bind: '127.0.0.1:3129', service: 'browser' }] });
    expect(names(reloaded.changed)).toEqual(['socket listeners[0]', 'listener listeners[0]']);
    expect(inband.listeners).toEqual([{ address: address('127.0.0.1', 3129), service: 'browser' }]);
    expect(await exchange(network, '127.0.0.1', address('127.0.0.1', 3129), once('127.0.0.1:8000'))).toMatch(/200 OK/);
    await before.closed;
    await expect(connect(network, '127.0.0.1', PROXY)).rejects.toThrow();
  });

  test('changes what clients of a listener may speak, on the socket that it has', async () => {
    const { network, inband } = await start(config());
    const greeting = '\x05\x01\x00';
    const before = await open(network);
    const { added, changed } = await inband.reload(
      config(undefined, { listeners: [{ bind: '127.0.0.1:3128', service: 'browser', accept: ['http', 'socks5'] }] }),
    );
    expect([names(added), names(changed)]).toEqual([['proxy listeners[0].accept'], ['listener listeners[0]']]);
    const after = await open(network);
    expect(await after.ask(greeting, '\x00')).toBe('\x05\x00');
    expect(await before.ask(greeting, '400')).toContain('HTTP/1.1 400');
    await inband.reload(config());
    // The request of a client that was accepted before is served by the rules of now.
    const target = '\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x19';
    await inband.reload(config({ browser: other }));
    expect(await after.ask(target, '\x05\x02')).toBe('\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00');
  });
});

describe('what did not change', () => {
  test('keeps its idle server connections', async () => {
    const hits: PoolMessage[] = [];
    const listen = (message: unknown): void => void hits.push(message as PoolMessage);
    diagnostics.pool.subscribe(listen);
    onTestFinished(() => {
      diagnostics.pool.unsubscribe(listen);
    });
    const { network, inband } = await start(config({ browser, other }));
    await keepingOrigin(network);
    const client = await open(network);
    await client.ask(get('127.0.0.1:8000'), 'origin');
    const { changed } = await inband.reload(config({ browser, other: { ...other, access: [] } }));
    expect(names(changed)).toContain('policy services.other.access');
    await client.ask(get('127.0.0.1:8000'), 'origin');
    expect(network.dialled.filter((dialled) => dialled.family === 'inet' && dialled.port === 8000)).toHaveLength(1);
    expect(hits.map(({ event }) => event)).toContain('hit');
  });

  test('keeps the names that it has cached, while its resolver is the same', async () => {
    const asked: string[] = [];
    const counting = definePlugin({
      provides: 'resolver',
      kind: 'counting',
      schema: z.strictObject({}),
      create: () => ({
        resolve: (host: string) => {
          asked.push(host);
          return Promise.resolve({ addresses: [{ family: 'inet' as const, address: '127.0.0.1' }] });
        },
      }),
    });
    const more: Partial<ConfigInput> = { plugins: [counting], resolver: { type: 'counting' } };
    const allowing: Services[string] = { ...browser, access: [{ allow: {} }] };
    const { network, inband } = await start(config({ browser: allowing, other }, more));
    await keepingOrigin(network);
    const client = await open(network);
    expect(await client.ask(get('a.example:8000'), 'origin')).toMatch(/200 OK/);
    await inband.reload(config({ browser: { ...allowing, http: { idleTimeout: '7s' } } }, more));
    expect(await client.ask(get('a.example:8000'), 'origin')).toMatch(/200 OK/);
    expect(asked).toEqual(['a.example']);
    await inband.reload(
      config({ browser: allowing }, { ...more, resolver: { type: 'counting', cache: { maxTtl: '7s' } } }),
    );
    expect(await client.ask(get('a.example:8000'), 'origin')).toMatch(/200 OK/);
    expect(asked).toEqual(['a.example', 'a.example']);
  });

  test('keeps the marks of servers that are down', async () => {
    const hosts = ['127.0.0.1:8001', '127.0.0.1:8000'];
    const web: Services[string] = { mode: 'reverse', routes: [{ chainer: { type: 'failover', hosts } }] };
    const { network, inband } = await start(config({ browser: web, other }));
    const origin = await startOrigin(network, ORIGIN, 'origin');
    onTestFinished(() => origin.close());
    const ask = () => exchange(network, '127.0.0.1', PROXY, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const failedDials = () =>
      network.dialled.filter((dialled) => dialled.family === 'inet' && dialled.port === 8001).length;
    expect(await ask()).toMatch(/200 OK/);
    expect(failedDials()).toBe(1);
    await inband.reload(config({ browser: { ...web, http: { idleTimeout: '7s' } }, other }));
    expect(await ask()).toMatch(/200 OK/);
    expect(failedDials()).toBe(1);
  });

  test('turns access lines on and off', async () => {
    const { network, inband, lines } = await start(config({ browser }, { log: { access: false } }));
    await keepingOrigin(network);
    const client = await open(network);
    const requests = () => lines.filter(({ message }) => message === 'request').length;
    await client.ask(get('127.0.0.1:8000'), 'origin');
    expect(requests()).toBe(0);
    const { changed } = await inband.reload(config({ browser }, { log: { access: true } }));
    expect(names(changed)).toEqual(['setting log']);
    await client.ask(get('127.0.0.1:8000'), 'origin');
    expect(requests()).toBe(1);
    await inband.reload(config({ browser }, { log: { access: false } }));
    await client.ask(get('127.0.0.1:8000'), 'origin');
    expect(requests()).toBe(1);
  });
});

test('a changed error page is shown from the next request on, on connections that were open before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-reload-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'denied.html');
  await writeFile(file, '<p>first {{status}}</p>');
  const denying: Services[string] = { ...browser, access: [{ deny: {} }], http: { errorPages: { 403: file } } };
  const { network, inband } = await start(config({ browser: denying }));
  const client = await open(network);
  const asHtml = 'GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nAccept: text/html\r\n\r\n';
  expect(await client.ask(asHtml, '</p>')).toMatch(/<p>first 403<\/p>$/);
  await writeFile(file, '<p>{{oops}}</p>');
  await expect(inband.reload(config({ browser: denying }))).rejects.toThrow(/denied\.html:1: unknown field "oops"/);
  await writeFile(file, '<p>second {{status}}</p>');
  const { changed } = await inband.reload(config({ browser: denying }));
  expect(names(changed)).toContain('proxy services.browser');
  expect(await client.ask(asHtml, '</p>')).toMatch(/<p>second 403<\/p>$/);
});

test('a reload keeps nothing of the configurations between one that is still in use and the current one', async () => {
  const made: WeakRef<object>[] = [];
  const traced = definePlugin({
    provides: 'chainer',
    kind: 'traced',
    schema: z.strictObject({ version: z.number() }),
    create: () => {
      const chainer = { kind: 'traced', connectServer: () => Promise.reject(new Error('never')) };
      made.push(new WeakRef(chainer));
      return chainer;
    },
  });
  const version = (number: number, services: Services = { browser }) => ({
    ...config({ ...services, web: { mode: 'reverse', routes: [{ chainer: { type: 'traced', version: number } }] } }),
    plugins: [traced],
  });
  const { network, inband } = await start(version(1));
  await keepingOrigin(network);
  // The tunnel keeps the first configuration in use.
  const tunnel = await open(network);
  await tunnel.ask('CONNECT 127.0.0.1:8000 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n', '\r\n\r\n');
  const changed = { browser: { ...browser, http: { idleTimeout: '7s' } } } as const;
  for (let number = 2; number <= 20; number += 1) await inband.reload(version(number, changed));
  expect(made).toHaveLength(20);
  await vi.waitFor(
    async () => {
      await collectGarbage();
      // What the first and the current configuration have made.
      expect(made.filter((one) => one.deref() !== undefined)).toHaveLength(2);
    },
    { timeout: 10_000 },
  );
  expect(await tunnel.ask('anything', 'origin')).toContain('origin');
});
