import type { Duplex } from 'node:stream';
import {
  combineListeners,
  type Logger,
  ProxyError,
  type SessionListener,
  SoleNotices,
  type Transport,
} from '@inband/core';
import { errorsOf, parseConfig, type ParsedConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/schema/config-input.ts';
import type { Config } from '../config/schema/schema.ts';
import { isRecord } from '../config/problem/problem.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { accessFields } from '../lines/access-log.ts';
import { guardedLogger } from '../log/guarded-logger.ts';
import { type LogSettings, type PreparedLog, type MessageListener, ProgramLog } from '../log/program-log.ts';
import { ConfigChanges } from '../overlays/config-changes.ts';
import { logListeners, logNewListeners, logWarnings } from '../run/announce.ts';
import { type InbandListener, logReloaded, type PrepareLog, type Reloaded, type Running } from '../run/running.ts';
import { startInband } from '../run/start.ts';
import type { TracerProviderLike } from '../tracing/tracer-provider.ts';
import { AcmeSide } from '../acme/acme-side.ts';
import { AcmeView } from '../acme/acme-view.ts';
import { AdminSide } from '../admin/admin-side.ts';
import { askedByCluster } from '../admin/of-cluster.ts';
import { ClusterSide } from '../cluster/cluster-side.ts';
import { ClusterView } from '../cluster/view/cluster-view.ts';
import { viewedSide } from '../cluster/view/viewed-side.ts';
import { type HintsSide, openHints } from '../cluster/hints/open-hints.ts';
import { hasChecks } from '../run/observed/planned-pools.ts';
import { SecretsSide } from '../cluster/secrets-side.ts';
import { RevokedSet } from '../revoked/revoked-set.ts';
import { namesOf } from '../revoked/revoked.ts';
import { TicketKeyRing } from '../session-tickets/ticket-keys.ts';
import { countAlone, countReload } from '../metrics/count/if-configured.ts';
import { viewMetrics } from '../metrics/show/if-configured.ts';
import type { Stats } from '../metrics/show/stats.ts';
import { shownMetrics } from '../run/shown-metrics.ts';
import {
  acceptDuplex,
  type AcceptOptions,
  ConnectionBytes,
  describeClient,
  type OpenClientConnection,
} from './client-connections.ts';
import { InbandEvents, type InbandEventMap, type InbandListenerOf } from './inband-events.ts';
import { ProcessOwner } from './process-owner.ts';
import { runningInfo } from './running-info.ts';

/** What an embedding program may replace. */
export interface InbandOptions {
  /** The transport, instead of the configuration's `transport`. */
  readonly transport?: Transport;
  /**
   * Where messages and access lines go. Without one they go to standard output if the configuration has a `log`
   * section, else nowhere. An exception in it does not affect clients.
   */
  readonly logger?: Logger;
  /**
   * Called at the end of every request and tunnel, whatever is logged. An exception or a rejection of it is logged as a defect
   * and does not affect the client.
   */
  readonly onSession?: SessionListener;
  /**
   * Makes the spans of requests and tunnels: a `TracerProvider` of `@opentelemetry/api`. With it, `tracing` need not be in the
   * configuration. Without it, `tracing` uses the one that is registered.
   */
  readonly tracerProvider?: TracerProviderLike;
  /** Counts the bytes of each client connection, for {@link Inband.connections}. Default: false, because each session is recorded for it. */
  readonly countBytes?: boolean;
  /** The directory for relative paths in `plugins`. Default: the current directory. */
  readonly baseDirectory?: string;
}

/** A proxy that is running. */
export interface Inband extends AsyncDisposable {
  /** In the order of the configuration. */
  readonly listeners: readonly InbandListener[];
  /**
   * Replaces the configuration without losing anything: what has not changed stays as it is, with its sockets, idle connections,
   * marks of failed servers and caches. Sessions that run end under the rules with which they began. Resolves with the difference.
   * Rejects with a `ConfigError` that names everything that is wrong or cannot be changed; then nothing has changed.
   */
  reload(config: ConfigInput): Promise<Reloaded>;
  /**
   * Calls `listener` for every event of a kind from now on. Returns a function that ends it. Nothing is made for listeners that do not
   * exist.
   */
  on<Event extends keyof InbandEventMap>(event: Event, listener: InbandListenerOf<Event>): () => void;
  /**
   * Serves a client whose connection the program has made by itself: a socket, or any stream of bytes. The proxy owns it from then on. Counts for
   * `limits` as those of listeners do. Returns the id of the connection. Throws if there is no such service, if it is not known where the client is,
   * if the stream is destroyed, and while the proxy stops; then the stream is still the caller's.
   */
  accept(duplex: Duplex, options: AcceptOptions): number;
  /** The client connections that are open, of HTTP services. */
  connections(): OpenClientConnection[];
  /** Closes the client connection with this id at once. Returns whether there was one. */
  closeConnection(id: number): boolean;
  /** How the proxy is doing: totals, rates, latencies, the last two minutes. Throws a `ProxyError` unless `metrics` is configured. */
  stats(): Stats;
  /**
   * Open connections have `grace` milliseconds to finish (default: `shutdown.grace`), then everything is closed.
   * `shutdown.listen` says how long clients are still accepted. Resolves when everything is closed. Of several calls the earliest end counts.
   */
  close(options?: { readonly grace?: number }): Promise<void>;
}

/**
 * Starts a proxy from a configuration of the same shape as the file's. Resolves when every listener accepts.
 * Rejects with a `ConfigError` that names every problem; then nothing is left open. `await using` closes it at the end of the block.
 */
export async function createInband(config: ConfigInput, options: InbandOptions = {}): Promise<Inband> {
  const { parsed, source } = await parseEmbedded(config, options);
  const logging = loggingFor(parsed.config, source, options);
  const { logger } = logging;
  logWarnings(parsed, logger);
  const events = new InbandEvents(logger, () => running.listenToSessions(withOwn(logging.onSession)));
  const bytes = options.countBytes === true ? new ConnectionBytes() : undefined;
  const withOwn = (access: SessionListener | undefined): SessionListener | undefined =>
    combineListeners([access, options.onSession, bytes?.listener, events.listener], logger);
  const { transport, tracerProvider } = options;
  const prepareLog: PrepareLog = (next, nextSource) => {
    const prepared = logging.prepare(next, nextSource);
    return { ...prepared, commit: () => withOwn(prepared.commit()) };
  };
  const onSession = withOwn(logging.onSession);
  const counting = await countAlone(parsed.config, () => logging.dropped);
  const metrics = counting?.metrics;
  const ticketKeys = new TicketKeyRing();
  const revoked = new RevokedSet();
  const secrets = new SecretsSide({ logger, ring: ticketKeys, secrets: parsed.clusterFiles.secrets ?? [] });
  secrets.followRevoked((all) => revoked.take(all));
  const acme = new AcmeSide(
    logger,
    async (state) => acmeView.take(state),
    () => secrets.sharing,
  );
  const acmeView: AcmeView = new AcmeView((host) => acme.demand(host));
  metrics?.watchAcme(() => acme.status);
  const shared = { onSession, prepareLog, tellMessages: logging.tellMessages, metrics, acme: acmeView };
  const startDeps = { logger, transport, tracerProvider, ticketKeys, revoked, ...shared };
  let started: Running | undefined;
  const cluster = new ClusterSide({ logger, parsed, hasWorkers: false, describe: () => runningInfo(started), metrics });
  const clusterView = new ClusterView({
    cluster: viewedSide(
      cluster,
      parsed,
      () => undefined,
      () => secrets.revocations.all.length,
    ),
    logger,
    processes: askedByCluster((question, argument) => owner.askAll(question, argument)),
    plan: () => started?.configured.plan,
    counted: counting?.source,
  });
  let hints: HintsSide | undefined;
  const start = async (): Promise<Running> => {
    await cluster.open();
    await secrets.open(cluster);
    const notices = cluster.hasOthers ? new SoleNotices() : undefined;
    hints = await openHints(cluster, () => notices, logger);
    await acme.open(parsed, source);
    const { guesses } = secrets;
    return startInband(parsed, source, { ...startDeps, guesses, lender: cluster.lender(), notices });
  };
  const leaveCluster = async (): Promise<void> => {
    ticketKeys.close();
    hints?.close();
    await acme.close();
    secrets.close();
    await cluster.close();
  };
  const running = await start().catch(async (error: unknown) => {
    await leaveCluster();
    await logging.close();
    throw error;
  });
  const apply = async (next: ParsedConfig, from: ConfigSource): Promise<Reloaded> => {
    refuseWorkers(next, from);
    const { listeners } = running;
    const reloaded = await acme.during(next, from, () =>
      admin.during(next.config, from, () => running.reload(next, from)),
    );
    logWarnings(next, logger);
    logReloaded(reloaded, logger);
    logNewListeners(next, running, listeners, logger);
    events.reloaded(reloaded);
    hints?.listen(hasChecks(running.configured.plan));
    cluster.tell({});
    void clusterView.replaced();
    return reloaded;
  };
  const during = <T>(replace: () => Promise<T>): Promise<T> => countReload(metrics, replace);
  const changes = new ConfigChanges({ source, apply, during, logger });
  const owner = new ProcessOwner({
    running: () => running,
    changes: () => changes,
    acme: () => acme.status,
    // Nor is anything pushed to it.
    pushes: () => undefined,
    cluster: () => clusterView,
    secrets: () => secrets,
    // The program has the configuration, and not a file that could be read again.
    reload: () => Promise.reject(errorsOf(source, [{ path: [], message: RELOAD_BY_PROGRAM }])),
    drain: () => {
      void close();
      return running.config.shutdown.grace;
    },
  });
  const shown = counting && shownMetrics(counting.source, parsed.config);
  const admin = new AdminSide(owner, logger, shown);
  secrets.followRevoked((all) => admin.revoke(namesOf(all)));
  await admin.start(parsed.config, source).catch(async (error: unknown) => {
    await running.close({ grace: 0 });
    await leaveCluster();
    await logging.close();
    throw error;
  });
  started = running;
  acme.begin();
  hints?.listen(hasChecks(running.configured.plan));
  cluster.tell({});
  await clusterView.begin();
  logListeners(parsed, running, logger);
  const view = shown && (await viewMetrics(shown));
  const close: Inband['close'] = async (how) => {
    changes.close();
    cluster.tell({ isStopping: true });
    await running.close(how);
    view?.close();
    await admin.close();
    await clusterView.close();
    await leaveCluster();
    await logging.close();
  };
  return {
    get listeners() {
      return running.listeners;
    },
    reload: async (next) => {
      const { baseDirectory = process.cwd() } = options;
      return changes.replace({ value: next, baseDirectory });
    },
    on: (event, listener) => events.on(event, listener),
    accept: (duplex, how) => acceptDuplex(duplex, how, running.doorOf(how.service)),
    connections: () => Array.from(running.clients(), (client) => describeClient(client, bytes?.of(client))),
    closeConnection(id) {
      const found = [...running.clients()].find(({ client }) => client.id === id);
      found?.close();
      return found !== undefined;
    },
    stats: () => (view === undefined ? refuseStats() : view.stats()),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

const RELOAD_BY_PROGRAM = 'the program that embeds the proxy has the configuration; it calls `reload`.';

async function parseEmbedded(
  config: ConfigInput,
  { baseDirectory = process.cwd(), tracerProvider }: InbandOptions,
): Promise<{ readonly parsed: ParsedConfig; readonly source: ConfigSource }> {
  const value = tracerProvider === undefined ? config : { tracing: {}, ...config };
  const source = { value, baseDirectory };
  const parsed = await parseConfig(source);
  refuseWorkers(parsed, source);
  return { parsed, source };
}

function refuseWorkers({ config }: ParsedConfig, source: ConfigSource): void {
  if (config.workers === 1) return;
  const message = 'a program that embeds the proxy runs it in its own process; leave "workers" out, or set it to 1.';
  throw errorsOf(source, [{ path: ['workers'], message }]);
}

function refuseStats(): never {
  const message = 'nothing is counted, so there are no statistics; add "metrics: {}" to the configuration.';
  throw new ProxyError('proxy_configuration_error', message, { setting: 'metrics' });
}

/** The log of an embedded proxy. */
interface EmbeddedLog extends Pick<ProgramLog, 'logger' | 'onSession' | 'dropped' | 'close'> {
  /** Of its messages, for readers of the admin API. */
  readonly tellMessages?: (listener: MessageListener | undefined) => void;
  prepare(config: Config, source: ConfigSource): PreparedLog;
}

/** Nothing is logged where the configuration has no `log` section. */
function logSettings({ log }: Config, { value, baseDirectory }: ConfigSource): LogSettings {
  return { log: isRecord(value) && value.log !== undefined ? log : undefined, baseDirectory };
}

function loggingFor(first: Config, source: ConfigSource, options: InbandOptions): EmbeddedLog {
  if (options.logger !== undefined) return ownLogger(first, options.logger);
  const log = new ProgramLog(logSettings(first, source));
  return {
    logger: log.logger,
    get onSession() {
      return log.onSession;
    },
    get dropped() {
      return log.dropped;
    },
    prepare: (next, nextSource) => log.prepare(logSettings(next, nextSource)),
    close: () => log.close(),
    tellMessages: (listener) => (log.onMessage = listener),
  };
}

/** Everything goes to the logger of the program. */
function ownLogger(first: Config, given: Logger): EmbeddedLog {
  const logger = guardedLogger(given);
  const access: SessionListener = (record) => logger.info(accessFields(record), record.kind);
  let isLogged = first.log.access;
  const listener = (): SessionListener | undefined => (isLogged ? access : undefined);
  const commit = ({ log }: Config): SessionListener | undefined => {
    isLogged = log.access;
    return listener();
  };
  return {
    logger,
    get onSession() {
      return listener();
    },
    dropped: 0,
    prepare: (next) => ({ commit: () => commit(next), abandon: () => undefined }),
    close: async () => undefined,
  };
}
