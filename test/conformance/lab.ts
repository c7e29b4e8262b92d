import { InbandChainer } from '@inband/chainers';
import {
  AccessPolicy,
  AddressZones,
  compileRoutes,
  createCachingResolver,
  createEstablisher,
  inetAddr,
  openListener,
  ServerPool,
  Timers,
  type Connection,
  type Listener,
  type Logger,
  type ProtocolProxy,
} from '@inband/core';
import { createHttpProxy, defaultHttpOptions } from '@inband/http-proxy';
import { authenticator } from './authenticator.ts';
import type { Places } from './cases.ts';
import { RawClient } from './wire/client.ts';
import { ScriptedResolver } from './names.ts';
import type { Net } from './net.ts';
import { Origin } from './wire/origin.ts';
import { Changes } from './wire/peer.ts';
import type { Settings } from './settings.ts';
import type { Vantage } from './vantage.ts';

/** One of the ports that CONNECT may ask for by default. */
const ORIGIN_PORT = 8080;
const VIA = 'inband';
export interface LabOptions {
  readonly net: Net;
  readonly settings: Settings;
  readonly mode: 'forward' | 'reverse';
  readonly vantage: Vantage;
  /** Milliseconds after which something is taken not to happen any more. */
  readonly limit: number;
}

/** A proxy with a scripted origin, nothing shared with any other run. Whoever opens it closes it. */
export class Lab {
  readonly net: Net;
  readonly settings: Settings;
  readonly vantage: Vantage;
  readonly limit: number;
  readonly changes = new Changes();
  readonly origin = new Origin(this.changes.happened);
  /** A second one, at `stalled.test`, for the case about isolation. */
  readonly otherOrigin = new Origin(this.changes.happened);
  readonly clients: RawClient[] = [];
  /** What the proxy calls a defect of its own. */
  readonly defects: string[] = [];
  readonly #timers = new Timers();
  readonly #pool: ServerPool;
  readonly #resolver: ReturnType<typeof createCachingResolver>;
  readonly #proxy: ProtocolProxy;
  #listener!: Listener;

  private constructor({ net, settings, mode, vantage, limit }: LabOptions) {
    this.net = net;
    this.settings = settings;
    this.vantage = vantage;
    this.limit = limit;
    const timers = this.#timers;
    this.#pool = new ServerPool({ timers, idleTimeout: 30_000, maxIdlePerServer: 256, maxIdle: 2048 });
    this.#resolver = createCachingResolver(new ScriptedResolver(vantage.origin));
    const establishConnection = createEstablisher({ transport: net.proxy, pool: this.#pool, timers })('client');
    const { connectTimeout, http, access, asks } = settings;
    const chainer = new InbandChainer({ connectTimeout }, { establishConnection, resolver: this.#resolver });
    const zones = new AddressZones();
    const routes = compileRoutes([{ name: 'services.case.routes[0]', match: undefined, chainer }], zones);
    this.#proxy = createHttpProxy({
      service: {
        name: 'case',
        mode,
        policy: AccessPolicy.compile(access, { mode, zones, path: 'services.case.access' }),
        routesByPath: routes.routesByPath,
        route: (query) => routes.route(query),
      },
      options: { ...defaultHttpOptions(mode), via: VIA, ...http },
      timers,
      authenticator: asks ? authenticator(this.#logger()) : undefined,
      logger: this.#logger(),
      onSession: ({ error }) => {
        if (error?.code === 'proxy_internal_error') this.defects.push(error.stack ?? error.message);
      },
    });
  }

  static async open(options: LabOptions): Promise<Lab> {
    const lab = new Lab(options);
    const { net, vantage } = options;
    await lab.origin.listen(net.origin, inetAddr(vantage.origin, ORIGIN_PORT)!);
    await lab.otherOrigin.listen(net.origin, inetAddr('127.0.0.2', ORIGIN_PORT)!);
    lab.#listener = await openListener({
      transport: net.proxy,
      bind: inetAddr('127.0.0.1', 0)!,
      proxy: lab.#proxy,
    });
    return lab;
  }

  get places(): Places {
    const { address } = this.#listener;
    const proxyPort = address.family === 'unix' ? 0 : address.port;
    return {
      host: `origin.test:${ORIGIN_PORT}`,
      hostname: 'origin.test',
      port: ORIGIN_PORT,
      proxy: `127.0.0.1:${proxyPort}`,
      proxyPort,
      via: VIA,
    };
  }

  /** Waits for something that should come soon. */
  soon(condition: () => boolean): Promise<boolean> {
    return this.changes.until(condition, this.limit);
  }

  async connect(): Promise<RawClient> {
    const transport = this.net.client(this.vantage.client);
    const connection = await new Promise<Connection>((resolve, reject) => {
      transport.connect(this.#listener.address, {}, (error, made) =>
        made === undefined ? reject(error!) : resolve(made),
      );
    });
    const client = new RawClient(connection, this.changes.happened);
    this.clients.push(client);
    return client;
  }

  /** Whatever the proxy still holds though its clients are gone, in words. */
  async unfinished(): Promise<string> {
    const left = (): string => {
      const clients = this.#proxy.open === 0 ? '' : `${this.#proxy.open} clients open in the proxy; `;
      const busy = this.#pool.open - this.#pool.idle;
      return clients + (busy === 0 ? '' : `${busy} server connections in use`);
    };
    await this.#until(() => left() === '');
    return left();
  }

  /** Closes everything; returns what stays open nevertheless, in words. */
  async close(): Promise<string> {
    for (const { connection, isClosed } of this.clients) if (!isClosed) connection.destroy();
    await this.#listener.close();
    this.#proxy.close();
    this.#pool.close();
    this.#resolver.close();
    await this.origin.close();
    await this.otherOrigin.close();
    const left = (): string => {
      const timers = this.#timers.running === 0 ? '' : `${this.#timers.running} timers; `;
      const pool = this.#pool.open === 0 ? '' : `${this.#pool.open} server connections; `;
      const clients = this.#proxy.open === 0 ? '' : `${this.#proxy.open} clients; `;
      return timers + pool + clients + this.net.leaks();
    };
    await this.#until(() => left() === '');
    this.#timers.close();
    return left();
  }

  /** Counters say nothing when they change: looks at them turn by turn. */
  async #until(condition: () => boolean): Promise<void> {
    const limit = performance.now() + this.limit;
    while (!condition() && performance.now() < limit) await new Promise(setImmediate);
  }

  #logger(): Logger {
    const note = (fields: object, message: string): void => {
      const { err } = fields as { err?: Error };
      this.defects.push(`${message}: ${err?.stack ?? JSON.stringify(fields)}`);
    };
    return { debug() {}, info() {}, warn: note, error: note };
  }
}
