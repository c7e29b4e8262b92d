import {
  AccessPolicy,
  AddressZones,
  createEstablisher,
  createMemoryNetwork,
  formatSockAddr,
  ProxyError,
  ServerPool,
  ServerStream,
  Session,
  Timers,
  sessionWriter,
  type AccessRule,
  type ChainerDeps,
  type ClientConnection,
  type Connection,
  type InetAddr,
  type MemoryNetwork,
  type Resolver,
  type Service,
  type SockAddr,
  type TransportListener,
} from '@inband/core';
import { expect, vi } from 'vitest';
import { silentLogger } from './fake-establisher.ts';

/** Where the chainer under test has to connect to. */
export const server: InetAddr = { family: 'inet', address: '127.0.0.80', port: 8080 };

/** The name by which a client asks for it; the harness's resolver knows it. */
export const serverName = 'server.example';

/** Milliseconds that the chainer under test gets as its connect timeout, if it has such an option. */
export const connectTimeout = 500;

const clientAddress: SockAddr = { family: 'inet', address: '127.0.0.1', port: 50_000 };
const listenerAddress: SockAddr = { family: 'inet', address: '127.0.0.1', port: 3128 };

export interface HarnessOptions {
  readonly serverChosenBy: 'client' | 'operator';
  /** Leaves the server side in `session.serverStream`, as the outer of two stacked proxies does. */
  readonly stacked: boolean;
  /** The server is a SOCKS5 proxy, and echoes once it has been asked for a connection. */
  readonly speaksSocks?: boolean;
}

/** Where a session's client is, as far as chainers look at it. */
export interface ClientPlace {
  /** Where it reached us; the listener's address unless told. */
  readonly local?: SockAddr;
  /** Where it was going; {@link server} unless told. `null`: it was not intercepted. */
  readonly originalDestination?: SockAddr | null;
}

/** What the server does with connections. */
export type ServerState = 'echoes' | 'refuses' | 'is-silent' | 'is-unreachable';

/**
 * Everything around one chainer: a network in memory with its servers, one unless a test brings more, and Inband's own
 * policy, pool and establishConnection. No sockets.
 */
export class ChainerHarness {
  readonly network: MemoryNetwork = createMemoryNetwork();
  readonly timers = new Timers();
  readonly pool: ServerPool;
  readonly deps: ChainerDeps;
  /** The server's ends of its connections, in order. */
  readonly accepted: Connection[] = [];
  readonly #options: HarnessOptions;
  readonly #zones = new AddressZones();
  readonly #streams: ServerStream[] = [];
  readonly #listeners = new Map<string, TransportListener>();

  constructor(options: HarnessOptions) {
    this.#options = options;
    this.pool = new ServerPool({ timers: this.timers, idleTimeout: 60_000, maxIdlePerServer: 10, maxIdle: 10 });
    const establish = createEstablisher({ transport: this.network.transport(), pool: this.pool, timers: this.timers });
    this.deps = {
      establishConnection: establish(options.serverChosenBy),
      establishFor: establish,
      resolver: knows(serverName, server.address),
      zones: this.#zones,
      logger: silentLogger,
      proxies: new Map(),
      nestedChainer: (option) => expect.fail(`nobody asked for the chainer at ${option}`),
      carrier: (option) => expect.fail(`nobody asked for what carries ${option}`),
      forgeAddrProblem: () => undefined,
    };
  }

  async serve(state: ServerState, address: SockAddr = server): Promise<void> {
    if (state === 'is-silent') this.network.blackhole(address);
    if (state === 'is-unreachable') this.network.unreachable(address);
    if (state !== 'echoes') return;
    const listener = await this.network.transport().listen(address, {}, (connection) => this.#accept(connection));
    this.#listeners.set(formatSockAddr(address), listener);
  }

  /** A server that echoed refuses from now on. */
  async stop(address: SockAddr): Promise<void> {
    await this.#listeners.get(formatSockAddr(address))?.close();
    this.#listeners.delete(formatSockAddr(address));
  }

  /** A session of a client on loopback that asks for the server, and was intercepted on its way there. */
  session(access: readonly AccessRule[] = [], place: ClientPlace = {}): Session {
    const client = this.#client(place);
    if (!this.#options.stacked) return this.#sessionOf(client, access);
    const serverStream = this.#serverStream(client);
    const session = this.#sessionOf({ ...client, serverStream }, access);
    // As a protocol proxy does whose client goes away.
    session.addEventListener('abort', () => serverStream.close());
    return session;
  }

  /** The next session of the same client connection. */
  sessionAfter(session: Session, access: readonly AccessRule[] = []): Session {
    return this.#sessionOf(session.client, access);
  }

  /** The client connections of stacked sessions close. */
  clientsGone(): void {
    for (const stream of this.#streams) stream.close();
  }

  #client({ local = listenerAddress, originalDestination = server }: ClientPlace): ClientConnection {
    // Chainers have no business with the client's connection: both of its ends are closed.
    const { client: connection, server: other } = this.network.connectPair();
    connection.destroy();
    other.destroy();
    return {
      id: 1,
      connection,
      address: clientAddress,
      local,
      listener: listenerAddress,
      ...(originalDestination === null ? {} : { originalDestination }),
    };
  }

  #sessionOf(client: ClientConnection, access: readonly AccessRule[]): Session {
    const session = new Session(client, this.#service(access));
    sessionWriter.setTarget(session, { host: serverName, port: server.port });
    sessionWriter.setMethod(session, 'GET');
    return session;
  }

  /** Closes what the harness itself opened, then expects that nothing else is left. */
  async close(): Promise<void> {
    this.clientsGone();
    this.pool.close();
    for (const listener of this.#listeners.values()) await listener.close();
    this.#listeners.clear();
    await this.nothingOpen();
    this.timers.close();
  }

  /** Waits until all ends of connections are closed, and no timeout runs; fails if that does not happen. */
  async nothingOpen(): Promise<void> {
    const listeners = this.#listeners.size;
    await vi.waitFor(
      () => {
        const ends = this.network.connections().length;
        expect({ ends, timeouts: this.timers.running, inUse: this.pool.open - this.pool.idle }).toEqual({
          ends: 0,
          timeouts: 0,
          inUse: 0,
        });
        expect(this.network.open - ends).toBeLessThanOrEqual(listeners);
      },
      { interval: 1 },
    );
  }

  #service(access: readonly AccessRule[]): Service {
    const policy = AccessPolicy.compile(access, { mode: 'forward', zones: this.#zones, path: 'services.test.access' });
    return { name: 'test', mode: 'forward', policy, routesByPath: false, route: () => undefined };
  }

  /** What the outer of two stacked proxies leaves for the inner one. */
  #serverStream(client: ClientConnection): ServerStream {
    const pair = this.network.connectPair({ server });
    this.#accept(pair.server);
    const outer = this.#sessionOf(client, []);
    const stream = new ServerStream(outer, this.pool.adopt(pair.client, server, 'stacked'), () => {});
    this.#streams.push(stream);
    return stream;
  }

  #accept(connection: Connection): void {
    this.accepted.push(connection);
    const answers = this.#options.speaksSocks === true ? [NO_LOGIN, GRANTED] : [];
    connection.handler = {
      data(bytes, start, end) {
        const answer = answers.shift();
        if (answer === undefined) connection.write(bytes, start, end);
        else connection.write(answer);
      },
      drained: () => {},
      ended: () => connection.destroy(),
      closed: () => {},
    };
    connection.resume();
  }
}

/** The answers of a SOCKS5 proxy: to the greeting, and to a request. */
const NO_LOGIN = Buffer.from([5, 0]);
const GRANTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

function knows(host: string, address: string): Resolver {
  return {
    async resolve(asked) {
      if (asked === host) return { addresses: [{ family: 'inet', address }] };
      throw new ProxyError('dns_error', `The name "${asked}" could not be resolved: it does not exist.`);
    },
  };
}
