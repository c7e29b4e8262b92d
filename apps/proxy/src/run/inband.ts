import {
  createEstablisher,
  descriptorLimit,
  forgeAddrProblem,
  type Listener,
  type Logger,
  OwnListeners,
  ServerPool,
  type SessionListener,
  combineListeners,
  type SockAddr,
  Timers,
  iterationTime,
  type Transport,
} from '@inband/core';
import { accessFields } from '../log/access-log.ts';
import { assemble, type Assembly } from './assemble.ts';
import { logListeners, logWarnings } from './announce.ts';
import { clientLimits } from './limits/client-limits.ts';
import { errorsOf, parseConfig, type ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { ConfigInput } from '../config/schema/schema.ts';
import { Ending } from './ending.ts';
import { guardedLogger } from '../log/guarded-logger.ts';
import { countWorkers } from './limits/count-workers.ts';
import { clientsWithin } from './limits/descriptor-shares.ts';
import { createLogging, silentLogger } from '../log/logging.ts';
import { type ChosenTransport, transportFor } from './transport.ts';
import { stdoutSink } from '../log/log-batch.ts';
import { openListeners, type Sharing } from './open-listeners.ts';
import { watchSocketFiles } from './socket-file-watch.ts';

/** What a program that embeds the proxy may put in place of our own. */
export interface InbandOptions {
  /** Where connections come from and go to; the configuration's `transport` is not looked at then. */
  readonly transport?: Transport;
  /**
   * Where messages and access lines go. Without one they go to standard output if the configuration has a `log`
   * section, else nowhere: a library does not write unasked. One that throws changes nothing for clients.
   */
  readonly logger?: Logger;
  /**
   * Hears of every request and tunnel at its end, whatever is logged. What it throws, or rejects with, is logged as a
   * defect and changes nothing for the client.
   */
  readonly onSession?: SessionListener;
  /** What relative paths in `plugins` are relative to. Default: the current directory. */
  readonly baseDirectory?: string;
}

export interface InbandListener {
  /** The bound address; a port of 0 has become the real one. */
  readonly address: SockAddr;
  readonly service: string;
}

/** A proxy that is running. */
export interface Inband {
  /** In the order of the configuration. */
  readonly listeners: readonly InbandListener[];
  /**
   * Lets what is running finish within `grace` milliseconds (default: `shutdown.grace`), then closes everything. Until when
   * clients are accepted is said by `shutdown.listen`. Resolves when nothing is left. Called again, the earlier end counts.
   */
  close(options?: { readonly grace?: number }): Promise<void>;
}

/**
 * Starts a proxy from a configuration of the same shape as the file's. Resolves when every listener accepts.
 * Rejects with a `ConfigError` that names every problem; then nothing is left open.
 */
export async function createInband(config: ConfigInput, options: InbandOptions = {}): Promise<Inband> {
  const source = { value: config, baseDirectory: options.baseDirectory ?? process.cwd() };
  const parsed = await parseConfig(source);
  if (parsed.config.workers !== 1) {
    const message = 'a program that embeds the proxy runs it in its own process; leave "workers" out, or set it to 1.';
    throw errorsOf(source, [{ path: ['workers'], message }]);
  }
  const logging = loggingFor(parsed, config, options);
  logWarnings(parsed, logging.logger);
  const inband = await startInband(parsed, source, {
    logger: logging.logger,
    transport: options.transport,
    onSession: combineListeners([logging.onSession, options.onSession], logging.logger),
  });
  logListeners(parsed, inband, logging.logger);
  return {
    listeners: inband.listeners,
    close: async (how) => {
      await inband.close(how);
      await logging.flush();
    },
  };
}

async function flushed(): Promise<void> {}

function loggingFor({ config }: ParsedConfig, written: ConfigInput, options: InbandOptions) {
  if (options.logger !== undefined) {
    const logger = guardedLogger(options.logger);
    const onSession: SessionListener = (record) => logger.info(accessFields(record), record.kind);
    return { logger, onSession: config.log.access ? onSession : undefined, flush: flushed };
  }
  if (written.log !== undefined) return createLogging(config.log, stdoutSink());
  return { logger: silentLogger, onSession: undefined, flush: flushed };
}

export interface StartDeps {
  readonly logger: Logger;
  readonly onSession: SessionListener | undefined;
  readonly transport: Transport | undefined;
  /** Set in a worker: its listeners are shared with the other ones. */
  readonly sharing?: Sharing | undefined;
}

export interface StartedInband extends Inband {
  /** The name of the transport that runs, and why it is that one. */
  readonly transport: string;
  readonly why: string | undefined;
}

/** Starts what a parsed configuration describes. */
export async function startInband(parsed: ParsedConfig, source: ConfigSource, deps: StartDeps): Promise<StartedInband> {
  const { serverPool } = parsed.config;
  const timers = new Timers(iterationTime);
  const descriptors = deps.transport === undefined ? descriptorLimit() : undefined;
  const mostOpen = descriptors === undefined ? undefined : clientsWithin(descriptors);
  const pool = new ServerPool({ timers, ...serverPool, mostOpen, sharedTunnels: deps.sharing?.tunnels });
  const { transport, why }: ChosenTransport =
    deps.transport === undefined
      ? transportFor(parsed, source)
      : { transport: deps.transport, why: 'The program that embeds the proxy brought it.' };
  const ownListeners = ownListenersOf(deps.transport);
  const running: RunningInband = {
    pool,
    timers,
    listeners: [],
    assembly: undefined,
    forgetListeners: [],
    unwatch: noop,
  };
  try {
    const establisher = createEstablisher({ transport, pool, timers, ownListeners });
    running.assembly = assemble(parsed, source, {
      establisher,
      timers,
      logger: deps.logger,
      onSession: deps.onSession,
      forgeAddrProblem: () => forgeAddrProblem(transport),
    });
    const { plan, proxies, zoneKeeper } = running.assembly;
    await zoneKeeper.start();
    const { logger, sharing } = deps;
    const announce = (address: SockAddr): void => void running.forgetListeners.push(ownListeners.add(address));
    const gate = clientLimits(parsed.config.limits, {
      logger,
      workers: sharing === undefined ? 1 : countWorkers(parsed.config.workers),
      descriptors,
      makeRoom: () => pool.makeRoom(),
    });
    await openListeners(running.listeners, { plan, source, transport, proxies, logger, sharing, gate, announce });
    running.unwatch = watchSocketFiles(running.listeners, logger);
  } catch (error) {
    await closeNow(running);
    throw error;
  }
  const listeners = running.listeners.map(({ address }, index) => {
    return { address, service: parsed.config.listeners[index]?.service ?? '' };
  });
  const { listen } = parsed.config.shutdown;
  const ending = new Ending({
    proxies: [...(running.assembly?.proxies.values() ?? [])],
    listeners: running.listeners,
    listen,
    closeNow: () => closeNow(running),
    logger: deps.logger,
  });
  const close: Inband['close'] = ({ grace = parsed.config.shutdown.grace } = {}) => ending.within(grace);
  return { listeners, transport: transport.name, why, close };
}

interface RunningInband {
  readonly pool: ServerPool;
  readonly timers: Timers;
  readonly listeners: Listener[];
  /** Each takes the address of a listener out of those that lead back here. */
  readonly forgetListeners: (() => void)[];
  /** Ends the watch of socket files. */
  unwatch: () => void;
  assembly: Assembly | undefined;
}

function noop(): void {}

/** The listeners of every proxy that runs in this process on the system's own sockets. */
const ofThisProcess = new OwnListeners();
/** Those of transports that programs bring along: each may be a network of its own. */
const ofTransports = new WeakMap<Transport, OwnListeners>();

function ownListenersOf(brought: Transport | undefined): OwnListeners {
  if (brought === undefined) return ofThisProcess;
  let own = ofTransports.get(brought);
  if (own === undefined) ofTransports.set(brought, (own = new OwnListeners()));
  return own;
}

async function closeNow(running: RunningInband): Promise<void> {
  running.unwatch();
  // First: whom they still accept must not outlive the rest.
  await Promise.all(running.listeners.map((listener) => listener.close()));
  running.assembly?.close();
  running.pool.close();
  for (const forget of running.forgetListeners.splice(0)) forget();
  running.timers.close();
}
