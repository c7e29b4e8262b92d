import {
  createEstablisher,
  descriptorLimit,
  forgeAddrProblem,
  type Listener,
  type Logger,
  ServerPool,
  type SessionListener,
  type SockAddr,
  Timers,
  iterationTime,
  type Transport,
} from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { assemble, type Assembly } from './assemble.ts';
import { Shutdown } from './shutdown.ts';
import { clientLimits } from './limits/client-limits.ts';
import { countWorkers } from './limits/count-workers.ts';
import { clientsWithin } from './limits/descriptor-shares.ts';
import { openListeners, type OpenListenersDeps, type Sharing } from './listeners/open-listeners.ts';
import { ownListenersOf } from './listeners/own-listeners.ts';
import { watchSocketFiles } from './listeners/socket-file-watch.ts';
import { transportFor } from './transport.ts';

/** An address on which a proxy accepts clients. */
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
   * Open connections have `grace` milliseconds to finish (default: `shutdown.grace`), then everything is closed.
   * `shutdown.listen` says how long clients are still accepted. Resolves when everything is closed. Of several calls the earliest end counts.
   */
  close(options?: { readonly grace?: number }): Promise<void>;
}

export interface StartDeps {
  readonly logger: Logger;
  readonly onSession: SessionListener | undefined;
  readonly transport: Transport | undefined;
  /** Set in a worker, which shares its listeners with the other workers. */
  readonly sharing?: Sharing | undefined;
}

export interface StartedInband extends Inband {
  /** The name of the transport in use, and why it was chosen. */
  readonly transport: string;
  readonly why: string | undefined;
}

/** Starts what a parsed configuration describes. Rejects when that fails, and then nothing is left open. */
export async function startInband(parsed: ParsedConfig, source: ConfigSource, deps: StartDeps): Promise<StartedInband> {
  const toClose = new AsyncDisposableStack();
  try {
    return await start(parsed, source, deps, toClose);
  } catch (error) {
    await toClose.disposeAsync();
    throw error;
  }
}

/** `toClose` closes what was opened, in reverse order. */
async function start(
  parsed: ParsedConfig,
  source: ConfigSource,
  deps: StartDeps,
  toClose: AsyncDisposableStack,
): Promise<StartedInband> {
  const { logger, onSession, sharing } = deps;
  const { shutdown, serverPool } = parsed.config;
  const { transport, why } = chosenTransport(parsed, source, deps.transport);
  const ownListeners = ownListenersOf(deps.transport);
  const announced = toClose.use(new DisposableStack());
  const announce = (address: SockAddr): void => announced.defer(ownListeners.add(address));
  const descriptors = deps.transport === undefined ? descriptorLimit() : undefined;
  const mostOpen = descriptors === undefined ? undefined : clientsWithin(descriptors);
  const timers = new Timers(iterationTime);
  toClose.defer(() => timers.close());
  const pool = new ServerPool({ timers, ...serverPool, mostOpen, sharedTunnels: sharing?.tunnels });
  toClose.defer(() => pool.close());
  const establisher = createEstablisher({ transport, pool, timers, ownListeners });
  const forging = { forgeAddrProblem: () => forgeAddrProblem(transport) };
  const assembly = assemble(parsed, source, { establisher, timers, logger, onSession, ...forging });
  toClose.defer(() => assembly.close());
  await assembly.zoneKeeper.start();
  const workers = sharing === undefined ? 1 : countWorkers(parsed.config.workers);
  const makeRoom = (): void => pool.makeRoom();
  const gate = clientLimits(parsed.config.limits, { logger, workers, descriptors, makeRoom });
  const listeners = await listen({ assembly, source, transport, logger, sharing, gate, announce }, toClose);
  const proxies = [...assembly.proxies.values()];
  const closeNow = (): Promise<void> => toClose.disposeAsync();
  const ending = new Shutdown({ proxies, listeners, listen: shutdown.listen, closeNow, logger });
  return {
    listeners: listeners.map(({ address }, index) => ({
      address,
      service: parsed.config.listeners[index]?.service ?? '',
    })),
    transport: transport.name,
    why,
    close: ({ grace = shutdown.grace } = {}) => ending.within(grace),
  };
}

function chosenTransport(
  parsed: ParsedConfig,
  source: ConfigSource,
  brought: Transport | undefined,
): { readonly transport: Transport; readonly why: string } {
  if (brought === undefined) return transportFor(parsed, source);
  return { transport: brought, why: 'The program that embeds the proxy brought it.' };
}

type ListenDeps = Omit<OpenListenersDeps, 'plan' | 'proxies'> & { readonly assembly: Assembly };

/** Opens all listeners. They are closed before anything else, because the clients that they accept need the rest. */
async function listen({ assembly, ...deps }: ListenDeps, toClose: AsyncDisposableStack): Promise<Listener[]> {
  const { plan, proxies } = assembly;
  const listeners: Listener[] = [];
  toClose.defer(async () => void (await Promise.all(listeners.map((listener) => listener.close()))));
  await openListeners(listeners, { ...deps, plan, proxies });
  toClose.defer(watchSocketFiles(listeners, deps.logger));
  return listeners;
}
