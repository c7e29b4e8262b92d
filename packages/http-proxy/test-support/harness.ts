import {
  AccessPolicy,
  AddressZones,
  createEstablisher,
  createMemoryNetwork,
  inetAddr,
  ServerPool,
  Timers,
  type AccessRule,
  type Chainer,
  type ClientConnection,
  type Filter,
  type Connection,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  type ProxyError,
  type ProtocolProxy,
  type Route,
  type RouteQuery,
  type Service,
  type ServiceMode,
  type SessionRecord,
  type WaitingBytes,
  wholeBodies,
} from '@inband/core';
import { expect, vi } from 'vitest';
import { ReaderPool } from '../src/message/parser/reader-pool.ts';
import type { Step } from '../src/exchange/steps/step.ts';
import { acceptProtocols } from '../src/accept-protocols.ts';
import { createHttpProxy, type HttpProxyDeps } from '../src/http-proxy.ts';
import type { SecureHosts } from '../src/service/secure-hosts.ts';
import type { AcceptedProtocol } from '../src/socks/accepted-socks.ts';
import { defaultHttpOptions, type HttpOptions } from '../src/service/options.ts';

export const serverAddress = inetAddr('127.0.0.1', 8000)!;
const listener = inetAddr('127.0.0.1', 3128)!;

/** Milliseconds that a peer waits for one thing: less than a test has, so that a test that waits in vain says for what, and where. */
const LONGEST_WAIT = 15_000;
/** The real one, also where a test has put another in its place. */
const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;

/** The far end of a connection: the bytes that it has received, and waits for more of them. */
export class Peer {
  readonly connection: Connection;
  received = '';
  hasEnded = false;
  isClosed = false;
  error: Error | undefined = undefined;
  #waiting: (() => void)[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
    connection.handler = {
      data: (bytes, start, end) => {
        this.received += bytes.toString('latin1', start, end);
        this.#changed();
      },
      drained: () => {},
      ended: () => {
        this.hasEnded = true;
        this.#changed();
      },
      closed: (error) => {
        this.error = error;
        this.isClosed = true;
        this.#changed();
      },
    };
    connection.resume();
  }

  send(text: string): void {
    this.connection.write(Buffer.from(text, 'latin1'));
  }

  /** Waits until `met` returns true; `what` says what that is. Fails at once when the connection closes before. */
  async until(met: () => boolean, what = 'something else'): Promise<void> {
    let isLate = false;
    const late = realSetTimeout(() => {
      isLate = true;
      this.#changed();
    }, LONGEST_WAIT).unref();
    try {
      while (!met()) {
        const received = JSON.stringify(this.received.slice(0, 500));
        if (this.isClosed) throw new Error(`closed (${this.error?.message}) after ${received}`);
        if (isLate) throw new Error(`waited ${LONGEST_WAIT} ms for ${what}, and had received ${received}`);
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      realClearTimeout(late);
    }
  }

  /** Waits until `text` has been received, and takes all bytes up to its end. */
  async receive(text: string): Promise<string> {
    await this.until(() => this.received.includes(text), JSON.stringify(text));
    const end = this.received.indexOf(text) + text.length;
    const taken = this.received.slice(0, end);
    this.received = this.received.slice(end);
    return taken;
  }

  ended(): Promise<void> {
    return this.until(() => this.hasEnded, 'its end');
  }

  /** Waits until a response with a Content-Length is complete. The connection may stay open. */
  answered(): Promise<void> {
    return this.until(() => {
      const headEnd = this.received.indexOf('\r\n\r\n') + 4;
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(this.received.slice(0, headEnd))?.[1];
      return length !== undefined && this.received.length >= headEnd + Number(length);
    }, 'a response with a Content-Length');
  }

  async closed(): Promise<Error | undefined> {
    while (!this.isClosed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.error;
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

export interface HarnessOptions extends MemoryNetworkOptions {
  readonly mode?: ServiceMode;
  readonly http?: Partial<HttpOptions>;
  readonly waitingBytes?: WaitingBytes;
  readonly rules?: readonly AccessRule[];
  readonly zones?: AddressZones;
  /** The chainer. The default always connects to `serverAddress`. */
  readonly chainer?: Chainer;
  /** The route. The default is `usual` for every request. */
  readonly route?: (query: RouteQuery, usual: Route) => Route | undefined;
  /** The routes that can be asked for by name. */
  readonly routes?: readonly Route[];
  /** Looks on at the steps, or changes them. */
  readonly watchStep?: (step: Step) => Step;
  readonly routesByPath?: boolean;
  /** Whether the service has chainers that look at requests or change fields. */
  readonly looksAtRequests?: boolean;
  readonly changesFields?: boolean;
  readonly notesRequests?: boolean;
  readonly secureHosts?: SecureHosts;
  readonly challenges?: HttpProxyDeps['challenges'];
  readonly routeAnswers?: HttpProxyDeps['routeAnswers'];
  readonly routeRewrites?: HttpProxyDeps['routeRewrites'];
  readonly trustedProxies?: HttpProxyDeps['trustedProxies'];
  readonly fieldRules?: HttpProxyDeps['fieldRules'];
  readonly openFieldSource?: HttpProxyDeps['openFieldSource'];
  readonly compilePattern?: HttpProxyDeps['compilePattern'];
  readonly limits?: HttpProxyDeps['limits'];
  readonly authenticator?: HttpProxyDeps['authenticator'];
  readonly filters?: readonly Filter[];
  /** Milliseconds that each call of a filter may take. */
  readonly filterTimeout?: number;
  readonly maximumBody?: number;
  readonly filterParents?: HttpProxyDeps['filterParents'];
  /** What the listener accepts. The default is HTTP, as without the option. */
  readonly accept?: readonly AcceptedProtocol[];
  /** False: nobody listens to sessions, as without an access log. */
  readonly isLogged?: boolean;
}

export interface Harness {
  readonly network: MemoryNetwork;
  readonly proxy: ProtocolProxy;
  /** Has a proxy with these changes take over the connections, as a reload does. `proxy` is that one from then on. */
  reload(changes: Partial<HttpProxyDeps>): void;
  readonly pool: ServerPool;
  readonly timers: Timers;
  readonly records: SessionRecord[];
  readonly defects: object[];
  /** Log lines that are no defects. */
  readonly infos: object[];
  /** Connects a new client. `more` has further properties of its `ClientConnection`. `inner` is the proxy's end. */
  client(more?: Partial<ClientConnection>): Peer & { readonly inner: Connection };
  /** The same for a client that is refused with `error`. */
  refused(error: ProxyError): Peer;
  /** The next connection that the proxy makes to the server. */
  server(): Promise<Peer>;
  /** Connections made to the server so far. */
  readonly dialled: number;
  /** Waits until the proxy has no client, and checks that no connection and no timer is left. */
  finish(): Promise<void>;
}

/** A complete HTTP proxy on a network in memory. The test acts as clients and servers. */
export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const mode = options.mode ?? 'reverse';
  const network = createMemoryNetwork(options);
  const timers = new Timers();
  const pool = new ServerPool({ timers, idleTimeout: 60_000, maxIdlePerServer: 8, maxIdle: 8, quietTime: 0 });
  const establish = createEstablisher({ transport: network.transport(), pool, timers })('operator');
  const chainer = options.chainer ?? {
    kind: 'directed',
    connectServer: (session) => establish(session, undefined, serverAddress),
  };
  const usual: Route = { name: 'services.test.routes[0]', chainer };
  const service: Service = {
    name: 'test',
    mode,
    policy: AccessPolicy.compile(options.rules ?? [], {
      mode,
      zones: options.zones ?? new AddressZones({}),
      path: 'services.test.access',
    }),
    routesByPath: options.routesByPath ?? false,
    looksAtRequests: options.looksAtRequests === true,
    changesFields: options.changesFields === true,
    route: (query) => (options.route === undefined ? usual : options.route(query, usual)),
    routeNamed: (name) => options.routes?.find((route) => route.name === name),
  };
  const records: SessionRecord[] = [];
  const defects: object[] = [];
  const infos: object[] = [];
  const take = vi.spyOn(ReaderPool.prototype, 'take');
  const give = vi.spyOn(ReaderPool.prototype, 'give');
  const given = give.mock.calls.length - take.mock.calls.length;
  const deps: HttpProxyDeps = {
    service,
    timers,
    options: { ...defaultHttpOptions(mode), ...options.http },
    logger: {
      debug() {},
      info: (fields) => infos.push(fields),
      warn: (fields) => infos.push(fields),
      error: (fields) => defects.push(fields),
    },
    ...(options.isLogged !== false && { onSession: (record: SessionRecord) => records.push(record) }),
    watchStep: options.watchStep,
    notesRequests: options.notesRequests === true,
    secureHosts: options.secureHosts,
    challenges: options.challenges,
    routeAnswers: options.routeAnswers,
    routeRewrites: options.routeRewrites,
    trustedProxies: options.trustedProxies,
    fieldRules: options.fieldRules,
    openFieldSource: options.openFieldSource,
    compilePattern: options.compilePattern,
    limits: options.limits,
    authenticator: options.authenticator,
    filters: options.filters?.map((filter, index) => {
      return {
        kind: `filter-${index}`,
        filter,
        timeout: options.filterTimeout ?? 10_000,
        maximumBody: options.maximumBody ?? 1_000,
      };
    }),
    filterParents: options.filterParents,
    ...(options.waitingBytes && { waitingBytes: options.waitingBytes }),
  };
  let proxy = createHttpProxy(deps);
  const front = options.accept === undefined ? proxy : acceptProtocols(proxy, options.accept);
  const accepted: Peer[] = [];
  const waiting: ((peer: Peer) => void)[] = [];
  let dialled = 0;
  const listening = await network.transport().listen(serverAddress, {}, (connection) => {
    dialled += 1;
    const peer = new Peer(connection);
    const next = waiting.shift();
    if (next === undefined) accepted.push(peer);
    else next(peer);
  });
  let id = 0;
  const peers: Peer[] = [];
  const arrive = () => {
    const pair = network.connectPair({ server: listener });
    const peer = Object.assign(new Peer(pair.client), { inner: pair.server });
    peers.push(peer);
    const address = pair.server.remote;
    return { peer, client: { id: ++id, connection: pair.server, address, local: listener, listener } };
  };
  return {
    network,
    get proxy() {
      return proxy;
    },
    reload(changes) {
      const before = proxy;
      proxy = createHttpProxy({ ...deps, ...changes });
      before.retire?.(proxy);
    },
    pool,
    timers,
    records,
    defects,
    infos,
    get dialled() {
      return dialled;
    },
    client(more = {}) {
      const { peer, client } = arrive();
      front.accept({ ...client, ...more });
      return peer;
    },
    refused(error) {
      const { peer, client } = arrive();
      front.refuse?.(client, error);
      return peer;
    },
    server() {
      const ready = accepted.shift();
      return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready);
    },
    async finish() {
      for (const { connection } of peers) {
        connection.resume();
        connection.end();
      }
      await Promise.all(peers.map((peer) => peer.closed()));
      await vi.waitFor(() => expect(proxy.open).toBe(0), { timeout: 5000, interval: 5 });
      pool.close();
      await listening.close();
      await vi.waitFor(() => expect(pool.open).toBe(0), { timeout: 5000, interval: 5 });
      const left = { running: timers.running, idle: pool.idle, whole: wholeBodies.total, defects };
      expect(left).toEqual({ running: 0, idle: 0, whole: 0, defects: [] });
      expect(give.mock.calls.length - take.mock.calls.length, 'readers that were not returned').toBe(given);
      timers.close();
    },
  };
}
