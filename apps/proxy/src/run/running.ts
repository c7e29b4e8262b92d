import {
  type ConnectionGate,
  type Listener,
  type LiveClient,
  type LiveSession,
  type Logger,
  type ProtocolProxy,
  ProxyError,
  type SessionListener,
  type SockAddr,
} from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import { errorsOf } from '../config/problem/placed.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import type { PreparedLog } from '../log/program-log.ts';
import { assemble, type Assembly, type AssemblyDeps } from './build/assemble.ts';
import { type Difference, differenceFields, differenceOf } from './generations/difference.ts';
import type { GenerationInUse, Generations } from './generations/generations.ts';
import { unchangeableIn } from './generations/unchangeable.ts';
import type { ListenerSet, SocketForOther } from './listeners/listener-set.ts';
import type { BoundAddresses } from './listeners/open-socket.ts';
import type { Observed } from './observed/observed.ts';
import { type ListenAtEnd, Shutdown, shutdownTimes } from './shutdown.ts';
import type { ChosenTransport } from './transport.ts';

/** An address on which a proxy accepts clients. */
export interface InbandListener {
  /** The bound address; a port of 0 has become the real one. */
  readonly address: SockAddr;
  readonly service: string;
}

/** What becomes of clients that come to a listener. `unreachable`: the file of its unix socket is gone. */
export type ListenerState = 'listening' | 'closed' | 'unreachable';

/** What a reload has done. */
export interface Reloaded extends Difference {
  /** The number of the configuration that is current now. The one of the start has 1. A reload that changes nothing makes none. */
  readonly generation: number;
  /** Configurations in use: this one, and older ones whose sessions have not ended. */
  readonly alive: number;
}

/** How a proxy is closed. */
export interface CloseOptions {
  /** Milliseconds for open connections. Default: `shutdown.grace`. */
  readonly grace?: number | undefined;
  /** Milliseconds for tunnels. Default: `grace`, and if that is left out as well, `shutdown.tunnels`. */
  readonly tunnels?: number | undefined;
  /** Default: `shutdown.listen`. */
  readonly listen?: ListenAtEnd | undefined;
}

/** A new configuration that is ready beside the current one. Either `commit` or `abandon` is to be called. */
export interface PreparedReload {
  readonly addresses: BoundAddresses;
  /** Makes it the current configuration. */
  commit(): Reloaded;
  /** Drops it. Nothing has changed. */
  abandon(): Promise<void>;
}

/**
 * Makes the log of another configuration, ready beside the current one. Throws a `ProxyError` when it cannot be opened. `commit` returns
 * what writes access lines from then on.
 */
export type PrepareLog = (config: Config, source: ConfigSource) => PreparedLog;

export interface RunningParts {
  readonly transport: ChosenTransport;
  readonly logger: Logger;
  readonly assembly: AssemblyDeps;
  readonly generations: Generations;
  readonly listeners: ListenerSet;
  readonly gate: ConnectionGate;
  /** Undefined until the admin API was configured for the first time. */
  readonly observed: () => Observed | undefined;
  readonly prepareLog: PrepareLog;
  /** Applies settings that exist once in a process. */
  readonly apply: (config: Config, onSession: SessionListener | undefined) => void;
  /** Replaces what is called at the end of sessions. */
  readonly listenToSessions: (listener: SessionListener | undefined) => void;
  readonly closeNow: () => Promise<void>;
}

/** A configuration as it was loaded. */
interface Loaded {
  readonly parsed: ParsedConfig;
  readonly source: ConfigSource;
}

/** A proxy that is running in this process. */
export class Running {
  /** The name of the transport in use, and why it was chosen. */
  readonly transport: string;
  readonly why: string | undefined;
  readonly #parts: RunningParts;
  #loaded: Loaded;
  #listeners: readonly (readonly Listener[])[];
  #ending: Shutdown | undefined = undefined;
  /** Settled when the last reload is over. One begins after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(loaded: Loaded, listeners: readonly (readonly Listener[])[], parts: RunningParts) {
    this.transport = parts.transport.transport.name;
    this.why = parts.transport.why;
    this.#loaded = loaded;
    this.#listeners = listeners;
    this.#parts = parts;
  }

  /** In the order of the configuration. */
  get listeners(): InbandListener[] {
    return listenersAt(this.addresses, this.config);
  }

  get addresses(): BoundAddresses {
    return addressesOf(this.#listeners);
  }

  /** Of each of `listeners`. */
  get listenerStates(): ListenerState[] {
    const listeners = this.#listeners.flat();
    if (this.#ending?.isListening === false) return listeners.map(() => 'closed');
    return listeners.map((listener) => (listener.isFileThere?.() === false ? 'unreachable' : 'listening'));
  }

  /** Whether it is about to end. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** The configurations in use, the oldest first. */
  get generations(): GenerationInUse[] {
    return this.#parts.generations.inUse;
  }

  get logger(): Logger {
    return this.#parts.logger;
  }

  /** Everything that clients are being served, of all configurations in use. */
  *sessions(): Generator<LiveSession> {
    for (const proxy of this.#parts.generations.proxies) if (proxy.sessions !== undefined) yield* proxy.sessions();
  }

  /** The client connections of all configurations in use, each once: that of the newest. */
  *clients(): Generator<LiveClient> {
    for (const proxy of this.#parts.generations.proxies) if (proxy.clients !== undefined) yield* proxy.clients();
  }

  /** What serves the clients that a program brings for a service, unless the proxy is about to end. */
  doorOf(service: string): { readonly proxy: ProtocolProxy | undefined; readonly gate: ConnectionGate } {
    if (this.#ending !== undefined) throw new ProxyError('connection_limit_reached', 'The proxy is stopping.');
    return { proxy: this.configured.build.proxies.get(service), gate: this.#parts.gate };
  }

  /** What is kept for the admin API. */
  get observed(): Observed | undefined {
    return this.#parts.observed();
  }

  /** From now on `listener` is called at the end of each session, instead of the one before. */
  listenToSessions(listener: SessionListener | undefined): void {
    this.#parts.listenToSessions(listener);
  }

  get config(): Config {
    return this.#loaded.parsed.config;
  }

  /** The current configuration, and what is made of it. */
  get configured(): Loaded & Pick<Assembly, 'plan' | 'build'> {
    const { plan, build } = this.#parts.generations.current;
    return { ...this.#loaded, plan, build };
  }

  /**
   * Replaces the configuration without losing anything (docs/operating.md). Rejects with a `ConfigError` that names everything that
   * is wrong or cannot be changed; then nothing has changed.
   */
  async reload(parsed: ParsedConfig, source: ConfigSource): Promise<Reloaded> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await before;
      const prepared = await this.prepare(parsed, source);
      if (this.#ending !== undefined) await prepared.abandon();
      this.#refuseWhileEnding(source);
      return prepared.commit();
    } finally {
      resolve();
    }
  }

  /**
   * Makes everything new of a configuration, beside the current one. The caller makes sure that there is one at a time. `bound`: see
   * `Sharing`.
   */
  async prepare(parsed: ParsedConfig, source: ConfigSource, bound?: BoundAddresses): Promise<PreparedReload> {
    this.#refuseWhileEnding(source);
    const { generations, listeners, assembly, prepareLog } = this.#parts;
    const { current } = generations;
    const next = assemble(parsed, source, assembly, current.build);
    let log: PreparedLog | undefined;
    const drop = (): void => {
      log?.abandon();
      next.close([current.build]);
    };
    try {
      const problems = unchangeableIn(current.plan, next.plan);
      if (problems.length > 0) throw errorsOf(source, problems);
      const preparedLog = (log = prepareLog(parsed.config, source));
      next.startChainers();
      await next.zoneKeeper.start();
      const opened = await listeners.prepare({
        plan: next.plan,
        source,
        proxies: next.proxies,
        proxyOf: next.proxyOf,
        bound,
      });
      const commit = (): Reloaded => {
        const difference = differenceOf(current.plan, next.plan);
        this.#loaded = { parsed, source };
        this.#listeners = opened.listeners;
        opened.commit((listener) => generations.drainFrom(listener));
        if (difference.added.length + difference.changed.length + difference.dropped.length > 0) {
          generations.replace(next, parsed.config.reload.maxAge);
          this.#parts.observed()?.pools.replaced(next);
        }
        generations.current.build.lookAtFiles();
        this.#parts.apply(parsed.config, preparedLog.commit());
        return { generation: generations.number, alive: generations.alive, ...difference };
      };
      const abandon = async (): Promise<void> => {
        await opened.abandon();
        drop();
      };
      return { addresses: addressesOf(opened.listeners), commit, abandon };
    } catch (error) {
      drop();
      throw error;
    }
  }

  /** Lends the listening sockets to another process: see `ListenerSet.share`. */
  share(): SocketForOther[] {
    return this.#parts.listeners.share();
  }

  #refuseWhileEnding(source: ConfigSource): void {
    if (this.#ending !== undefined) throw errorsOf(source, [{ path: [], message: 'the program is stopping.' }]);
  }

  /**
   * Open connections have `grace` milliseconds to finish, and tunnels `tunnels`, then everything is closed. Resolves when everything is
   * closed. Of several calls the earliest end counts.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { generations, listeners, logger, closeNow } = this.#parts;
    const { listen = this.config.shutdown.listen } = options;
    this.#ending ??= new Shutdown({
      proxies: () => generations.proxies,
      listeners: () => listeners.all,
      listen,
      closeNow: () => this.#turn.then(closeNow),
      logger,
    });
    return this.#ending.within(shutdownTimes(this.config, options));
  }

  /** Client connections that are open. */
  get open(): number {
    return this.#parts.generations.proxies.reduce((open, proxy) => open + proxy.open, 0);
  }
}

function addressesOf(listeners: readonly (readonly Listener[])[]): BoundAddresses {
  return listeners.map((each) => each.map(({ address }) => address));
}

/** The listeners of a configuration at the addresses that they have bound. */
export function listenersAt(addresses: BoundAddresses, { listeners }: Config): InbandListener[] {
  return addresses.flatMap((each, index) =>
    each.map((address) => ({ address, service: listeners[index]?.service ?? '' })),
  );
}

/** Logs what a reload has done. */
export function logReloaded({ generation, alive, ...difference }: Reloaded, logger: Logger, workers = 1): void {
  const fields = { generation, alive, ...differenceFields(difference), ...(workers > 1 && { workers }) };
  const { added, changed, dropped } = difference;
  const isSame = added.length + changed.length + dropped.length === 0;
  logger.info(fields, isSame ? 'reloaded; nothing has changed' : 'reloaded');
}
