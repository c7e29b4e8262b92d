import { type ConfigInput, createInband, type SessionRecord } from 'inband';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'vitest';
import { certificate } from '../support/certificate.ts';
import { leakChecked } from '../support/leak-check.ts';
import { createTestTransport, testTransport } from '../support/transport.ts';

// What a transport keeps for the whole process is there before anything is counted.
createTestTransport();

type ServiceInput = ConfigInput['services'][string];
type ChainerInput = NonNullable<NonNullable<ServiceInput['routes']>[number]['chainer']>;

/** A forward proxy on a free port that opens tunnels to every port: the origins of tests are on any. */
export function forward(http: ServiceInput['http'] = {}): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: {
      browser: { mode: 'forward', http: { connectPorts: 'any', ...http }, routes: [{ chainer: { type: 'inband' } }] },
    },
  };
}

/** A reverse proxy on a free port with one route. */
export function reverse(chainer: ChainerInput): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'reverse', routes: [{ chainer }] } },
  };
}

export interface LabProxy {
  readonly port: number;
  /** Of every listener. */
  readonly ports: readonly number[];
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Every session of this proxy that is over. A client may see its end a moment before that. */
  readonly records: readonly SessionRecord[];
  /** Resolves with them when there are `count`. */
  recorded(count: number): Promise<readonly SessionRecord[]>;
  /** Stops it early; the lab would at its end. */
  close(options?: { readonly grace?: number }): Promise<void>;
}

export interface LabOrigin {
  readonly port: number;
  /** `http://127.0.0.1:PORT` or `https://…`. */
  readonly url: string;
  readonly server: Server;
  /** Every connection that it accepted so far. */
  readonly connections: readonly Socket[];
}

/** Everything that one end-to-end test opens, so that it is closed again. */
export class Lab {
  readonly #closers: (() => unknown)[] = [];
  /** Session records of all proxies. */
  records = 0;
  /** Sessions of the proxies themselves, which have no records: checks of servers, for example. Their number is not known. */
  hasOwnSessions = false;

  /** Has `close` called at the end of the test; what was opened last is closed first. */
  defer(close: () => unknown): void {
    this.#closers.push(close);
  }

  async inband(config: ConfigInput = forward()): Promise<LabProxy> {
    const records: SessionRecord[] = [];
    let check: () => void = () => {};
    const onSession = (record: SessionRecord): void => {
      records.push(record);
      check();
      this.records += 1;
    };
    const inband = await createInband({ transport: testTransport, ...config }, { onSession });
    // Nothing of a test is worth waiting for, once the test is over.
    this.defer(() => inband.close({ grace: 0 }));
    const ports = inband.listeners.map(({ address }) => (address.family === 'unix' ? 0 : address.port));
    const port = ports[0] ?? 0;
    const recorded = async (count: number): Promise<readonly SessionRecord[]> => {
      while (records.length < count) await new Promise<void>((resolve) => (check = resolve));
      return records;
    };
    return {
      port,
      ports,
      url: `http://127.0.0.1:${port}`,
      records,
      recorded,
      close: (options) => inband.close(options),
    };
  }

  /** A web server of Node's. */
  origin(listener: RequestListener): Promise<LabOrigin> {
    // Kept open as long as the test lasts: which side closes is the test's to decide.
    return this.#serve(createServer({ keepAliveTimeout: 60_000 }, listener), 'http');
  }

  /** The same behind TLS. */
  tlsOrigin(listener: RequestListener): Promise<LabOrigin> {
    return this.#serve(createTlsServer(certificate, listener), 'https');
  }

  /** A server that speaks whatever the test wants it to, a half-closed connection included. */
  async tcpOrigin(accept: (socket: Socket) => void): Promise<{ port: number; connections: readonly Socket[] }> {
    const server = createTcpServer({ allowHalfOpen: true }, accept);
    const connections = this.#follow(server);
    await listenOnLoopback(server);
    return { port: portOf(server), connections };
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }

  async #serve(server: Server, scheme: string): Promise<LabOrigin> {
    const connections = this.#follow(server);
    await listenOnLoopback(server);
    const port = portOf(server);
    return { port, url: `${scheme}://127.0.0.1:${port}`, server, connections };
  }

  #follow(server: TcpServer): Socket[] {
    const connections: Socket[] = [];
    server.on('connection', (socket) => {
      connections.push(socket);
      socket.on('error', () => {}); // Clients of tests abort.
    });
    this.defer(async () => {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return connections;
  }
}

function listenOnLoopback(server: TcpServer): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', 2_048, resolve));
}

function portOf(server: TcpServer): number {
  return (server.address() as AddressInfo).port;
}

/** An end-to-end test: whatever it opened through its lab is closed afterwards, and then nothing may be left. */
export function e2e(name: string, body: (lab: Lab) => Promise<void>, timeout?: number): void {
  test(name, ({ signal }) => inLab(body, signal), timeout);
}

e2e.each = <Case>(cases: readonly Case[]) => {
  return (name: string, body: (lab: Lab, value: Case) => Promise<void>): void => {
    test.for(cases)(name, (value, { signal }) => inLab((lab) => body(lab, value), signal));
  };
};

/** Milliseconds that a lab may take to close before the next one is made. */
const PATIENCE = 10_000;

/** The lab before is closed then, also that of a test whose time was over. */
let before: Promise<void> = Promise.resolve();

/** The body of such a test. Its lab is closed when the time of the test is over as well, so that nothing of it is left for another try. */
async function inLab(body: (lab: Lab) => Promise<void>, signal: AbortSignal): Promise<void> {
  await Promise.race([before, wait(PATIENCE, undefined, { ref: false })]);
  const closed = Promise.withResolvers<void>();
  before = closed.promise;
  try {
    await checked(body, signal);
  } finally {
    closed.resolve();
  }
}

async function checked(body: (lab: Lab) => Promise<void>, signal: AbortSignal): Promise<void> {
  const lab = new Lab();
  const over = Promise.withResolvers<never>();
  const abort = (): void => over.reject(signal.reason);
  const run = async (): Promise<void> => {
    signal.addEventListener('abort', abort);
    try {
      await Promise.race([body(lab), over.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      await lab.close();
    }
  };
  await leakChecked(run, { recorded: () => (lab.hasOwnSessions ? undefined : lab.records) });
}
