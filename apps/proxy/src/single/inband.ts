import { combineListeners, ProxyError, type SessionListener } from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import { errorsOf } from '../config/problem/placed.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { ConfigChanges } from '../overlays/config-changes.ts';
import { logListeners, logWarnings } from '../run/announce.ts';
import type { PrepareLog, Reloaded, Running } from '../run/running.ts';
import { startInband } from '../run/start.ts';
import { AdminSide } from '../admin/admin-side.ts';
import { namesOf } from '../revoked/revoked.ts';
import { countAlone, countReload } from '../metrics/count/if-configured.ts';
import { viewMetrics } from '../metrics/show/if-configured.ts';
import { shownMetrics } from '../run/shown-metrics.ts';
import { applyConfig } from './apply-config.ts';
import { acceptDuplex, ConnectionBytes, describeClient } from './client-connections.ts';
import { parseEmbedded, refuseWorkers } from './embedded-config.ts';
import { loggingFor } from './embedded-log.ts';
import type { Inband, InbandOptions } from './embedding.ts';
import { InbandEvents } from './inband-events.ts';
import { ProcessOwner } from './process-owner.ts';
import { ProcessSides } from './process-sides.ts';

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
  let started: Running | undefined;
  const sides = new ProcessSides({
    logger,
    parsed,
    counting,
    running: () => started,
    pushed: () => undefined,
    askAll: (question, argument) => owner.askAll(question, argument),
  });
  const { acme, clusterView } = sides;
  const shared = { onSession, prepareLog, tellMessages: logging.tellMessages, metrics };
  const start = async (): Promise<Running> => {
    await sides.join();
    await acme.open(parsed, source);
    return startInband(parsed, source, { logger, transport, tracerProvider, ...shared, ...sides.startDeps });
  };
  const leaveCluster = async (): Promise<void> => {
    sides.ticketKeys.close();
    await acme.close();
    await sides.leave();
  };
  const running = await start().catch(async (error: unknown) => {
    // The proxy closes it, but may not have been started yet.
    metrics?.close();
    await leaveCluster();
    await logging.close();
    throw error;
  });
  const apply = async (next: ParsedConfig, from: ConfigSource): Promise<Reloaded> => {
    refuseWorkers(next, from);
    const reloaded = await applyConfig(running, next, from, { logger, admin, acme });
    events.reloaded(reloaded);
    sides.reloaded(running);
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
    secrets: () => sides.secrets,
    // The program has the configuration, and not a file that could be read again.
    reload: () => Promise.reject(errorsOf(source, [{ path: [], message: RELOAD_BY_PROGRAM }])),
    drain: () => {
      void close();
      return running.config.shutdown.grace;
    },
  });
  const shown = counting && shownMetrics(counting.source, parsed.config);
  const admin = new AdminSide(owner, logger, shown);
  sides.secrets.followRevoked((all) => admin.revoke(namesOf(all)));
  await admin.start(parsed.config, source).catch(async (error: unknown) => {
    await running.close({ grace: 0 });
    await leaveCluster();
    await logging.close();
    throw error;
  });
  started = running;
  sides.started(running);
  await clusterView.begin();
  logListeners(parsed, running, logger);
  const view = shown && (await viewMetrics(shown));
  const close: Inband['close'] = async (how) => {
    changes.close();
    sides.cluster.tell({ isStopping: true });
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

function refuseStats(): never {
  const message = 'nothing is counted, so there are no statistics; add "metrics: {}" to the configuration.';
  throw new ProxyError('proxy_configuration_error', message, { setting: 'metrics' });
}
