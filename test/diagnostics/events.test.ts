import {
  type Connection,
  ConnectionGate,
  createMemoryNetwork,
  type DiagnosticMessage,
  type DiagnosticName,
  diagnostics,
  errnoError,
  fromErrno,
  inetAddr,
  type MemoryNetwork,
  type SockAddr,
  type Transport,
} from '@inband/core';
import { type ConfigInput, createInband, definePlugin, type Inband, ProxyError, z } from 'inband';
import { createConnection } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { documentedEvents } from './documented-events.ts';

declare module 'inband' {
  interface ResolverKinds {
    known: object;
  }
}

type Heard = DiagnosticMessage & { readonly channel: DiagnosticName };

const PROXY = at('127.0.0.1', 3128);
const SERVER = at('127.0.0.1', 8000);
const OPEN_PORTS: ConfigInput['services'][string] = {
  mode: 'forward',
  http: { connectPorts: 'any' },
  access: [{ deny: { ports: 25 } }, { allow: {} }],
  routes: [{ chainer: { type: 'inband' } }],
};

let heard: Heard[];
let unsubscribe: (() => void)[];
let closing: (() => Promise<void>)[];
/** Events that any test of this file has seen. */
const seen = new Set<string>();
const documented = new Map(documentedEvents().map((event) => [`${event.channel} ${event.event}`, event]));

beforeEach(() => {
  heard = [];
  closing = [];
  unsubscribe = Object.keys(diagnostics).map((key) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table's own keys
    const name = key as DiagnosticName;
    const listener = (message: DiagnosticMessage): void => void heard.push({ channel: name, ...message });
    diagnostics[name].subscribe(listener);
    return () => diagnostics[name].unsubscribe(listener);
  });
});

afterEach(async () => {
  for (const close of closing) await close();
  for (const forget of unsubscribe) forget();
  for (const { channel, event, ...facts } of heard) {
    const known = documented.get(`${channel} ${event}`);
    expect(known, `${channel} ${event} is documented`).toBeDefined();
    expect(Object.keys(facts), `the fields of ${channel} ${event}`).toEqual(known?.fields.map(({ name }) => name));
    seen.add(`${channel} ${event}`);
  }
});

function at(address: string, port: number): SockAddr {
  const found = inetAddr(address, port);
  if (found === undefined) throw new Error(`${address} is not an address.`);
  return found;
}

function forward(more: Partial<ConfigInput> = {}): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
    services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
    ...more,
  };
}

async function start(transport: Transport, config = forward()): Promise<Inband> {
  const inband = await createInband(config, { transport });
  closing.push(() => inband.close({ grace: 0 }));
  return inband;
}

/** A client or a server: what it received, and when that is enough. */
class Far {
  readonly connection: Connection;
  received = '';
  over = false;
  #changed: () => void = () => {};

  constructor(connection: Connection, onData?: (far: Far) => void) {
    this.connection = connection;
    connection.handler = {
      data: (bytes, from, to) => {
        this.received += bytes.toString('latin1', from, to);
        onData?.(this);
        this.#changed();
      },
      drained: () => {},
      ended: () => {
        this.over = true;
        this.#changed();
        connection.end();
      },
      closed: () => {
        this.over = true;
        this.#changed();
      },
    };
    connection.resume();
  }

  send(text: string): void {
    this.connection.write(Buffer.from(text, 'latin1'));
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  async ask(request: string, answer: string): Promise<void> {
    this.received = '';
    this.send(request);
    await this.until(() => this.received.endsWith(answer));
  }
}

function connect(network: MemoryNetwork): Promise<Far> {
  return new Promise((resolve, reject) => {
    network.transport().connect(PROXY, {}, (error, connection) => {
      if (connection === undefined) reject(error ?? new Error('There is no connection.'));
      else resolve(new Far(connection));
    });
  });
}

/** Answers every request with `ok`; a server that says nothing of how long it keeps the connection. */
async function serve(network: MemoryNetwork, answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'): Promise<void> {
  const listening = await network.transport().listen(SERVER, {}, (connection) => {
    void new Far(connection, (far) => far.send(answer));
  });
  closing.push(() => listening.close());
}

const GET = 'GET http://127.0.0.1:8000/cart HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAuthorization: Basic c2VjcmV0\r\n\r\n';

/** What was heard of a session, or of everything else, in order. */
function told(of: (message: Heard) => boolean = () => true): string[] {
  return heard.filter((message) => of(message)).map(({ channel, event }) => `${channel} ${event}`);
}

const ofSession =
  (session: number) =>
  (message: Heard): boolean =>
    'session' in message && message.session === session;

function firstSession(): number {
  const started = heard.find((message) => message.channel === 'session' && message.event === 'started');
  return started !== undefined && 'session' in started ? Number(started.session) : -1;
}

/** Waits for an event; the test runs out of time when none comes. */
async function until(channel: DiagnosticName, event: string): Promise<Heard> {
  for (;;) {
    const found = heard.find((message) => message.channel === channel && message.event === event);
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('what is published', () => {
  test('a request on a fresh connection can be followed by its session, and the next one hits the pool', async () => {
    const network = createMemoryNetwork();
    await serve(network);
    await start(network.transport());
    const client = await connect(network);
    await client.ask(GET, 'ok');
    const first = firstSession();
    expect(told(ofSession(first))).toEqual([
      'session started',
      'exchange understood',
      'session routed',
      'session decided',
      'pool miss',
      'dial started',
      'dial connected',
      'pool adopted',
      'exchange connected',
      'exchange sent',
      'exchange answered',
      'exchange ended',
      'session ended',
      'pool released',
    ]);
    // What the test before has closed may be told now.
    const accepted = heard.find(({ event }) => event === 'accepted');
    expect(accepted).toMatchObject({ channel: 'transport', listener: PROXY });
    await client.ask(GET, 'ok');
    expect(told(ofSession(first + 1))).toEqual([
      'session started',
      'exchange understood',
      'session routed',
      'session decided',
      'pool hit',
      'exchange connected',
      'exchange sent',
      'exchange answered',
      'exchange ended',
      'session ended',
      'pool released',
    ]);
    const released = await until('pool', 'released');
    expect(heard.filter(({ event }) => event === 'hit')).toMatchObject([
      { connection: 'connection' in released ? released.connection : undefined, server: SERVER, bound: false },
    ]);
    client.connection.destroy();
    await until('transport', 'closed');
    expect(JSON.stringify(heard)).not.toContain('c2VjcmV0');
  });

  test('a server that nobody can connect to fails with what the system said', async () => {
    const network = createMemoryNetwork();
    await start(network.transport());
    const client = await connect(network);
    await client.ask(GET, '}\n');
    const error = { code: 'connection_refused', errno: 'ECONNREFUSED' };
    expect(await until('dial', 'failed')).toMatchObject({ server: SERVER, error });
    expect(await until('exchange', 'refused')).toMatchObject({ step: 'connect', error });
    expect(await until('session', 'ended')).toMatchObject({ verdict: 'connection-failed', status: 502, error });
    client.connection.destroy();
  });

  test('what policy forbids is not dialled, and says by which rule', async () => {
    const network = createMemoryNetwork();
    const [access, routes] = [[{ deny: { servers: ['loopback'] } }], [{ chainer: { type: 'inband' as const } }]];
    await start(network.transport(), forward({ services: { browser: { mode: 'forward', access, routes } } }));
    const client = await connect(network);
    await client.ask(GET, '}\n');
    const rule = 'services.browser.access[0]';
    expect(await until('session', 'decided')).toMatchObject({ verdict: 'deny', rule, serverChosenBy: 'client' });
    expect(await until('session', 'ended')).toMatchObject({ verdict: 'denied-by-policy', rule });
    expect(told(({ channel }) => channel === 'dial' || channel === 'pool')).toEqual([]);
    client.connection.destroy();
  });

  test('what has no route is refused by that step, and what is not understood by none', async () => {
    const network = createMemoryNetwork();
    const routes = [{ match: { host: 'h' }, chainer: { type: 'inband' as const } }];
    await start(network.transport(), forward({ services: { browser: { mode: 'forward', routes } } }));
    const client = await connect(network);
    await client.ask(GET, '}\n');
    const error = { code: 'http_request_denied', setting: 'services.browser.routes' };
    expect(await until('exchange', 'refused')).toMatchObject({ step: 'route', error });
    expect(await until('exchange', 'ended')).toMatchObject({ status: 403, error });
    heard.length = 0;
    await client.ask('GET / HTTP/1.1\r\nno field\r\n\r\n', '}\n');
    expect(await until('session', 'ended')).toMatchObject({ status: 400, error: { code: 'http_request_error' } });
    expect(told(({ channel }) => channel === 'exchange')).toEqual([]);
    client.connection.destroy();
  });

  test('interim answers are told, and a request that is sent again on a fresh connection', async () => {
    const network = createMemoryNetwork();
    let requests = 0;
    const listening = await network.transport().listen(SERVER, {}, (connection) => {
      void new Far(connection, (far) => {
        requests += 1;
        // The second one comes on a connection that the server was about to close.
        if (requests === 2) return connection.destroy();
        far.send('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    closing.push(() => listening.close());
    await start(network.transport());
    const client = await connect(network);
    await client.ask(GET, 'ok');
    expect(await until('exchange', 'interim')).toMatchObject({ session: firstSession(), status: 103 });
    await client.ask(GET, 'ok');
    const session = firstSession() + 1;
    expect(await until('exchange', 'retried')).toMatchObject({
      session,
      retries: 1,
      error: { code: 'connection_terminated' },
    });
    const sent = heard.filter((message) => message.channel === 'exchange' && message.event === 'sent');
    expect(sent.filter((message) => ofSession(session)(message))).toHaveLength(2);
    client.connection.destroy();
  });

  test('a client that finishes sending before and within its answer is told, with what is waited for then', async () => {
    const network = createMemoryNetwork();
    const servers: Far[] = [];
    const listening = await network.transport().listen(SERVER, {}, (connection) => {
      servers.push(new Far(connection));
    });
    closing.push(() => listening.close());
    await start(network.transport());
    const first = await connect(network);
    first.send(GET);
    await until('exchange', 'sent');
    first.connection.end();
    const before = { session: firstSession(), state: 'sending', waitsFor: 'half-close' };
    expect(await until('exchange', 'client-ended')).toMatchObject(before);
    servers[0]?.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await first.until(() => first.over);
    expect(first.received).toMatch(/ok$/);
    heard.length = 0;
    const second = await connect(network);
    second.send(GET);
    await until('exchange', 'sent');
    servers.at(-1)?.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no');
    await second.until(() => second.received.endsWith('o'));
    second.connection.end();
    const within = { session: firstSession(), state: 'answering', waitsFor: 'response-body-after-end' };
    expect(await until('exchange', 'client-ended')).toMatchObject(within);
    servers.at(-1)?.send('k');
    await second.until(() => second.over);
  });

  test('a tunnel begins, is half-closed by either side, and closes with its bytes', async () => {
    const network = createMemoryNetwork();
    await serve(network, 'pong');
    const http = { connectPorts: 'any' as const };
    const routes = [{ chainer: { type: 'inband' as const } }];
    await start(network.transport(), forward({ services: { browser: { mode: 'forward', http, routes } } }));
    const client = await connect(network);
    await client.ask('CONNECT 127.0.0.1:8000 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n', '\r\n\r\n');
    const session = firstSession();
    expect(await until('tunnel', 'started')).toMatchObject({ session, server: SERVER });
    await client.ask('ping', 'pong');
    client.connection.end();
    expect(await until('tunnel', 'half-closed')).toMatchObject({ session, side: 'client', bytesIn: 4, bytesOut: 4 });
    expect(await until('tunnel', 'closed')).toMatchObject({ session, bytesIn: 4, bytesOut: 4, failed: undefined });
    expect(await until('pool', 'closed')).toMatchObject({ session, reason: 'discarded', uses: 0 });
    expect(await until('session', 'ended')).toMatchObject({ session, kind: 'tunnel', verdict: 'accepted' });
  });

  test('a look-up is answered with addresses, or fails', async () => {
    const network = createMemoryNetwork();
    await serve(network);
    const known = definePlugin<object>({
      provides: 'resolver',
      kind: 'known',
      schema: z.strictObject({}),
      create: () => ({
        resolve: async (host) => {
          if (host !== 'a.example') throw new ProxyError('dns_error', 'No such name.');
          return { addresses: [{ family: 'inet', address: '127.0.0.1' }] };
        },
      }),
    });
    await start(network.transport(), forward({ plugins: [known], resolver: { type: 'known' } }));
    const client = await connect(network);
    await client.ask('GET http://a.example:8000/ HTTP/1.1\r\nHost: a.example:8000\r\n\r\n', 'ok');
    const session = firstSession();
    expect(await until('lookup', 'started')).toMatchObject({ session, host: 'a.example' });
    const milliseconds = expect.any(Number);
    expect(await until('lookup', 'answered')).toMatchObject({ session, host: 'a.example', addresses: 1, milliseconds });
    client.send('GET http://b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n');
    const error = { code: 'dns_error', message: 'No such name.' };
    expect(await until('lookup', 'failed')).toMatchObject({ host: 'b.example', milliseconds, error });
    client.connection.destroy();
  });

  test('a dial waits while there is no descriptor', async () => {
    const network = createMemoryNetwork();
    await serve(network);
    const memory = network.transport();
    let tries = 0;
    const connectOnSecond: Transport['connect'] = (remote, how, settle) => {
      if ((tries += 1) > 1) return memory.connect(remote, how, settle);
      setImmediate(settle, fromErrno(errnoError('EMFILE', 'connect'), 'connect', remote));
      return () => {};
    };
    await start({ ...memory, connect: connectOnSecond });
    const client = await connect(network);
    await client.ask(GET, 'ok');
    const error = { code: 'connection_limit_reached', errno: 'EMFILE' };
    expect(await until('dial', 'waiting')).toMatchObject({ session: firstSession(), server: SERVER, error });
    expect(tries).toBe(2);
    client.connection.destroy();
  });

  test('servers of a pool that fail their checks are down, and then all are used', async () => {
    const network = createMemoryNetwork();
    const check = { type: 'tcp', interval: '10ms', fall: 1 } as const;
    const chainer = { type: 'pool' as const, servers: ['127.0.0.1:8000', '127.0.0.1:8001'], check };
    await start(network.transport(), forward({ services: { browser: { mode: 'forward', routes: [{ chainer }] } } }));
    const pool = 'services.browser.routes[0].chainer';
    const why = '127.0.0.1:8000 refused the connection (ECONNREFUSED).';
    expect(await until('health', 'panic')).toMatchObject({ pool, isPanic: true });
    const changed = heard.filter(({ event }) => event === 'changed');
    expect(changed).toHaveLength(2);
    expect(changed).toContainEqual(
      expect.objectContaining({ pool, server: SERVER, from: 'up', to: 'unwell', why, error: undefined }),
    );
    expect(heard.filter(({ channel }) => channel === 'session').map(({ event }) => event)).not.toContain('started');
  });

  test('a client beyond a limit is refused, over sockets', async () => {
    const config = forward({
      listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
      limits: { perClient: { connections: 1 } },
      transport: 'node',
    });
    const inband = await createInband(config);
    closing.push(() => inband.close({ grace: 0 }));
    const [listening] = inband.listeners;
    const port = listening?.address.family === 'inet' ? listening.address.port : 0;
    const sockets = [createConnection(port, '127.0.0.1'), createConnection(port, '127.0.0.1')];
    const error = { code: 'connection_limit_reached', setting: 'limits.perClient.connections' };
    expect(await until('transport', 'refused')).toMatchObject({ listener: listening?.address, error });
    for (const socket of sockets) socket.destroy();
    const closed = (): Heard | undefined =>
      heard.find((message) => 'transport' in message && message.transport === 'node');
    while (closed() === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(closed()).toMatchObject({ channel: 'transport', event: 'closed', local: listening?.address });
  });

  test('listeners that pause at a limit, and go on', () => {
    const gate = new ConnectionGate({ connections: 1 });
    const { client } = createMemoryNetwork().connectPair();
    gate.enter(client);
    gate.whenFree(() => {});
    gate.leave(client);
    expect(heard).toEqual([
      { channel: 'transport', event: 'paused', setting: 'limits.connections', open: 1 },
      { channel: 'transport', event: 'resumed', open: 0 },
    ]);
  });

  test('nothing is made while nobody subscribes: of requests, a tunnel, a failure and a refusal', async () => {
    for (const forget of unsubscribe) forget();
    const network = createMemoryNetwork();
    let published = 0;
    for (const channel of Object.values(diagnostics)) channel.publish = () => void (published += 1);
    onTestFinished(() => {
      for (const channel of Object.values(diagnostics)) Reflect.deleteProperty(channel, 'publish');
    });
    await serve(network);
    const inband = await start(network.transport(), forward({ services: { browser: OPEN_PORTS } }));
    const client = await connect(network);
    await client.ask(GET, 'ok');
    await client.ask(GET, 'ok');
    await client.ask('GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n', '}\n');
    await client.ask('GET http://127.0.0.1:25/ HTTP/1.1\r\nHost: 127.0.0.1:25\r\n\r\n', '}\n');
    const tunnel = await connect(network);
    await tunnel.ask('CONNECT 127.0.0.1:8000 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n', '\r\n\r\n');
    await tunnel.ask('ping', 'ok');
    for (const { connection } of [client, tunnel]) connection.destroy();
    await inband.close({ grace: 0 });
    expect(published).toBe(0);
    // The same functions are called where somebody subscribes.
    const listener = (): void => {};
    diagnostics.session.subscribe(listener);
    onTestFinished(() => diagnostics.session.unsubscribe(listener));
    await start(network.transport());
    const other = await connect(network);
    await other.ask(GET, 'ok');
    expect(published).toBeGreaterThan(2);
  });

  test('who subscribes late hears no end without its beginning', async () => {
    for (const forget of unsubscribe) forget();
    const network = createMemoryNetwork();
    await serve(network, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no');
    await start(network.transport());
    const client = await connect(network);
    await client.ask(GET, 'o');
    const late: DiagnosticMessage[] = [];
    const listener = (message: DiagnosticMessage): void => void late.push(message);
    diagnostics.session.subscribe(listener);
    client.connection.destroy();
    const other = await connect(network);
    await other.ask(GET, 'o');
    other.connection.destroy(new Error('enough'));
    while (!late.some(({ event }) => event === 'ended')) await new Promise((resolve) => setImmediate(resolve));
    diagnostics.session.unsubscribe(listener);
    expect(late.map(({ event }) => event)).toEqual(['started', 'routed', 'decided', 'ended']);
  });
});

afterAll(() => {
  // Where they happen: packages/core/src/transport/epoll/listener.test.ts, packages/core/src/clients/connection-gate.test.ts,
  // apps/proxy/src/run/server-tls.long.test.ts.
  const elsewhere = ['transport out-of-descriptors', 'transport overloaded', 'dial securing', 'dial secured'];
  expect([...seen, ...elsewhere].toSorted()).toEqual([...documented.keys()].toSorted());
});
