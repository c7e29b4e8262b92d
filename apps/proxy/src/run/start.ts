import {
  combineListeners,
  createEstablisher,
  descriptorLimit,
  forgeAddrProblem,
  iterationTime,
  LimitStates,
  type Lender,
  type Logger,
  type Notices,
  type RevokedTokens,
  ServerPool,
  type SessionListener,
  SessionListenerSlot,
  type SharedGuesses,
  type SockAddr,
  Timers,
  type Transport,
  WaitingBytes,
} from '@inband/core';
import type { AcmeView } from '../acme/acme-view.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import type { MessageListener } from '../log/program-log.ts';
import type { ProcessMetrics } from '../metrics/count/process-metrics.ts';
import { TicketKeyRing, type TicketKeySource } from '../session-tickets/ticket-keys.ts';
import { openTracing, type Tracing } from '../tracing/open-tracing.ts';
import type { TracerProviderLike } from '../tracing/tracer-provider.ts';
import { assemble, type AssemblyDeps } from './build/assemble.ts';
import { Generations } from './generations/generations.ts';
import { clientLimits, connectionLimits, refusalListener } from './limits/client-limits.ts';
import { countWorkers } from './limits/count-workers.ts';
import { clientsWithin } from './limits/descriptor-shares.ts';
import { InheritedSockets } from '../handover/inherited-sockets.ts';
import { ListenerSet } from './listeners/listener-set.ts';
import type { Sharing } from './listeners/open-socket.ts';
import { ownListenersOf } from './listeners/own-listeners.ts';
import { Observed } from './observed/observed.ts';
import type { PoolOrder } from './observed/pool-orders.ts';
import { type PrepareLog, Running } from './running.ts';
import { transportFor } from './transport.ts';

export interface StartDeps {
  readonly logger: Logger;
  /** What the configuration's `log` says, and what an embedding program has. */
  readonly onSession: SessionListener | undefined;
  readonly transport: Transport | undefined;
  /** Makes the log of a configuration that is reloaded; see {@link PrepareLog}. */
  readonly prepareLog: PrepareLog;
  /** What operators have ordered before this process was started, as a worker. */
  readonly serverOrders?: readonly PoolOrder[] | undefined;
  /** Has messages of the program told, too, for readers of the admin API. */
  readonly tellMessages?: ((listener: MessageListener | undefined) => void) | undefined;
  /** Counts what happens, where that is configured. Closed with the proxy, and also when the start fails. */
  readonly metrics?: ProcessMetrics | undefined;
  /** Of an embedding program, for traces. */
  readonly tracerProvider?: TracerProviderLike | undefined;
  /** The keys of session tickets, of a worker. Default: own ones. */
  readonly ticketKeys?: TicketKeySource | undefined;
  /** See {@link BuildDeps}. */
  readonly tellsExpiry?: boolean | undefined;
  /** See `AuthDeps`. */
  readonly revoked?: RevokedTokens | undefined;
  readonly guesses?: SharedGuesses | undefined;
  /** What is kept by ACME. Default: nothing. */
  readonly acme?: AcmeView | undefined;
  /** Lends what several processes share. Default: limits are those of this process. */
  readonly lender?: Lender | undefined;
  /** What the workers of a machine tell each other, in one of them. */
  readonly notices?: Notices | undefined;
  /** The number of its first generation, of a worker that starts late. Default: 1. */
  readonly generation?: number | undefined;
  /** Set in a worker, which shares its listeners with the other workers. */
  readonly sharing?: Sharing | undefined;
  /** The listening sockets that this process was started with. */
  readonly inherited?: InheritedSockets | undefined;
}

/** Starts what a parsed configuration describes. Rejects when that fails, and then nothing is left open. */
export async function startInband(parsed: ParsedConfig, source: ConfigSource, deps: StartDeps): Promise<Running> {
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
): Promise<Running> {
  const { logger, sharing, metrics, inherited = new InheritedSockets() } = deps;
  const { config } = parsed;
  const chosen = chosenTransport(parsed, source, deps.transport);
  const { transport } = chosen;
  const ownListeners = ownListenersOf(deps.transport);
  const descriptors = deps.transport === undefined ? descriptorLimit() : undefined;
  const mostOpen = descriptors === undefined ? undefined : clientsWithin(descriptors);
  const timers = new Timers(iterationTime);
  toClose.defer(() => timers.close());
  toClose.defer(() => metrics?.close());
  const poolOptions = { mostOpen, sharedTunnels: sharing?.tunnels, watcher: metrics?.pool };
  const pool = new ServerPool({ timers, ...config.serverPool, ...poolOptions });
  toClose.defer(() => pool.close());
  const sessions = new SessionListenerSlot(undefined);
  const waitingBytes = new WaitingBytes(config.limits.partialHeads);
  const limitStates = new LimitStates({
    now: iterationTime,
    onLimit: refusalListener({ logger, counted: metrics?.limited }),
    lender: deps.lender,
  });
  // When no connection is left.
  toClose.defer(() => limitStates.close());
  const establisher = createEstablisher({ transport, pool, timers, ownListeners });
  const forging = { forgeAddrProblem: () => forgeAddrProblem(transport) };
  const tracing = tracingOf(parsed, deps);
  // After everything that has sessions.
  toClose.defer(() => tracing?.close());
  const watchResolver = metrics && ((type: string) => metrics.resolver(type));
  const ticketKeys = deps.ticketKeys ?? ownTicketKeys(toClose);
  const { tellsExpiry, acme, notices, revoked, guesses } = deps;
  const limiting = ({ workers }: Config) => ({
    logger,
    workers: sharing === undefined ? 1 : countWorkers(workers),
    descriptors,
    makeRoom: () => pool.makeRoom(),
    counted: metrics?.limited,
    countedResets: metrics?.overloaded,
  });
  const gate = clientLimits(config.limits, limiting(config));
  const shared = {
    timers,
    logger,
    onSession: sessions,
    waitingBytes,
    limitStates,
    gate,
    watchResolver,
    tracing,
    ticketKeys,
    tellsExpiry,
    acme,
    notices,
    revoked,
    guesses,
  };
  const onHandshake = metrics?.handshakes.count;
  const onServerHandshake = metrics?.serverHandshakes.count;
  const idleConnections = (key: string): number => pool.idleAt(key);
  const assembly: AssemblyDeps = {
    establisher,
    idleConnections,
    ...shared,
    ...forging,
    onHandshake,
    onServerHandshake,
  };
  const first = assemble(parsed, source, assembly);
  const generations = new Generations(first, logger, deps.generation);
  toClose.defer(() => generations.close());
  let observed: Observed | undefined;
  let current = config;
  const listen = (listener: SessionListener | undefined): void => {
    const { admin, store } = current;
    // Members without an admin side, too, have the orders and tell the sessions that others ask for.
    const isMember = store !== undefined && store.type !== 'memory';
    if (admin !== undefined || isMember) observed ??= new Observed(generations.current, logger);
    deps.tellMessages?.(admin && observed?.tap.message);
    const withObserved = admin && observed !== undefined ? observed.beside(listener) : listener;
    sessions.listener = counted(withObserved, deps);
  };
  listen(deps.onSession);
  observed?.pools.take(deps.serverOrders ?? []);
  first.startChainers();
  await first.zoneKeeper.start();
  const announce = (address: SockAddr): (() => void) => ownListeners.add(address);
  const inTheWayOf = (address: SockAddr): SockAddr | undefined => ownListeners.inTheWayOf(address);
  const isShared = sharing !== undefined;
  const listeners = new ListenerSet({ transport, logger, isShared, gate, announce, inTheWayOf, inherited });
  // Closed before anything else, because the clients that they accept need the rest.
  toClose.defer(() => listeners.close());
  const { plan, proxies, proxyOf } = first;
  const wanted = { plan, source, proxies, proxyOf, bound: sharing?.bound };
  const prepared = await listeners.prepare(wanted);
  prepared.commit(() => undefined);
  // A predecessor had them for listeners that this configuration has not.
  inherited.closeUnless(({ kind }) => kind === 'systemd');
  const apply = (next: Config, onNextSession: SessionListener | undefined): void => {
    pool.configure(next.serverPool);
    waitingBytes.limit(next.limits.partialHeads);
    gate.configure(connectionLimits(next.limits, limiting(next)));
    limitStates.keep(new Set(Object.keys(next.services)));
    current = next;
    listen(onNextSession);
    metrics?.configure(next);
  };
  metrics?.configure(config);
  metrics?.watch(() => ({
    clients: gate.open,
    servers: { open: pool.open, idle: pool.idle },
    waiting: waitingBytes.held,
    generation: generations.number,
    generationsAlive: generations.alive,
    pools: observed?.pools.counts() ?? [],
  }));
  const closeNow = (): Promise<void> => toClose.disposeAsync();
  const { prepareLog } = deps;
  const parts = {
    transport: chosen,
    logger,
    prepareLog,
    assembly,
    generations,
    listeners,
    gate,
    observed: () => observed,
    apply,
    listenToSessions: listen,
    closeNow,
  };
  return new Running({ parsed, source }, prepared.listeners, parts);
}

/** Sessions are counted as well where there are metrics. */
function counted(listener: SessionListener | undefined, { metrics, logger }: StartDeps): SessionListener | undefined {
  return metrics === undefined ? listener : combineListeners([listener, metrics.onSession], logger);
}

function ownTicketKeys(toClose: AsyncDisposableStack): TicketKeySource {
  const ring = new TicketKeyRing();
  toClose.defer(() => ring.close());
  return ring;
}

function tracingOf({ config, tracingApi }: ParsedConfig, { logger, tracerProvider }: StartDeps): Tracing | undefined {
  if (tracingApi === undefined || config.tracing === undefined) return undefined;
  return openTracing(config.tracing, { api: tracingApi, provider: tracerProvider, logger });
}

function chosenTransport(
  parsed: ParsedConfig,
  source: ConfigSource,
  brought: Transport | undefined,
): { readonly transport: Transport; readonly why: string } {
  if (brought === undefined) return transportFor(parsed, source);
  return { transport: brought, why: 'The program that embeds the proxy brought it.' };
}
