import { started as tellStarted } from '../../bin/started.mjs';
import { logCompileCache, logListeners, logWarnings } from '../run/announce.ts';
import { AdminSide } from '../admin/admin-side.ts';
import { openPushes } from '../cluster/pushes/if-configured.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import { errorsOf } from '../config/problem/placed.ts';
import { optimiseAgain } from '../run/late-optimising.ts';
import { countWorkers } from '../run/limits/count-workers.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { InheritedSockets } from '../handover/inherited-sockets.ts';
import { predecessorOfThisProcess } from '../handover/predecessor.ts';
import { lentFrom, takeOver } from '../handover/take-over.ts';
import { Upgrade } from '../handover/upgrade.ts';
import { printAsEnvironmentSays, warnOfEnvironment } from '../debug/debug-environment.ts';
import { exitOnDefects } from '../log/defects.ts';
import { lentBy } from '../run/listeners/lent-by.ts';
import { ServiceManager, statusOf } from '../run/service-manager.ts';
import { startInband } from '../run/start.ts';
import { ProgramLog } from '../log/program-log.ts';
import { isReadOnce } from '../config/load-config.ts';
import { ConfigChanges } from '../overlays/config-changes.ts';
import type { PrepareLog, Reloaded, Running } from '../run/running.ts';
import { firstSignal, handleOtherSignals, HURRIED } from '../run/signals.ts';
import { FileWatch } from '../run/file-watch.ts';
import { countAlone, countReload } from '../metrics/count/if-configured.ts';
import { namesOf } from '../revoked/revoked.ts';
import { sentTicketKeys } from '../session-tickets/ticket-keys.ts';
import { shownMetrics } from '../run/shown-metrics.ts';
import { applyConfig } from './apply-config.ts';
import { finish } from './finish.ts';
import { ProcessOwner } from './process-owner.ts';
import { ProcessSides } from './process-sides.ts';

/**
 * Runs the proxy in this process until SIGTERM, SIGINT or SIGQUIT, then finishes what is running within `shutdown.grace`
 * and exits with 0. A second signal ends the process at once.
 */
export async function run(own: ParsedConfig, ownSource: ConfigSource, inherited: InheritedSockets): Promise<number> {
  const { baseDirectory } = ownSource;
  const logging = new ProgramLog({ log: own.config.log, baseDirectory });
  exitOnDefects(logging);
  const signal = firstSignal(() => {
    logging.flushSync(HURRIED);
    logging.leave(1);
  });
  printAsEnvironmentSays(false);
  warnOfEnvironment(logging.logger);
  logCompileCache(logging.logger);
  const { logger, onSession } = logging;
  const prepareLog: PrepareLog = ({ log }, next) => logging.prepare({ log, baseDirectory: next.baseDirectory });
  const drain = Promise.withResolvers<object>();
  let running: Running | undefined;
  const owner = new ProcessOwner({
    running: () => running,
    changes: () => changes,
    pushes: () => pushes,
    acme: () => acme.status,
    cluster: () => clusterView,
    secrets: () => sides.secrets,
    reload: (by) => changes.askFor({ admin: by }),
    drain: (by) => {
      drain.resolve({ admin: by });
      return (running?.config ?? own.config).shutdown.grace;
    },
  });
  const counting = await countAlone(own.config, () => logging.dropped);
  const metrics = counting?.metrics;
  const admin = new AdminSide(owner, logger, counting && shownMetrics(counting.source, own.config));
  const sides = new ProcessSides({
    logger,
    parsed: own,
    counting,
    running: () => running,
    pushed: () => pushes?.pushing?.follower,
    askAll: (question, argument) => owner.askAll(question, argument),
  });
  const { acme, cluster, clusterView, ticketKeys } = sides;
  const manager = new ServiceManager(logger);
  const predecessor = predecessorOfThisProcess();
  predecessor?.takeTicketKeys((sent) => ticketKeys.adopt(sent));
  sides.secrets.followRevoked((all) => admin.revoke(namesOf(all)));
  await sides.join();
  const pushes = await openPushes(cluster, { parsed: own, source: ownSource, inherited }, logger);
  const { parsed, source } = pushes?.begun ?? { parsed: own, source: ownSource };
  logWarnings(parsed, logger);
  await acme.open(parsed, source);
  const startingProxy = startInband(parsed, source, {
    logger,
    onSession,
    transport: undefined,
    inherited,
    prepareLog,
    metrics,
    ...sides.startDeps,
    tellMessages: (listener) => (logging.onMessage = listener),
  });
  const starting = Promise.all([
    startingProxy,
    predecessor === undefined ? admin.start(parsed.config, source) : undefined,
  ]);
  const upgrade = new Upgrade({
    logger,
    isReadOnce: isReadOnce(source.file),
    share: async () => [...lentBy(await startingProxy), ...lentFrom(inherited)],
    ticketKeys: () => sentTicketKeys(ticketKeys.current),
    leave: async (successor) => {
      void pushes?.close();
      changes.close();
      manager.replacedBy(successor);
      cluster.replaced();
      await clusterView.close();
      await Promise.all([admin.close(), acme.close()]);
    },
  });
  const apply = async (next: ParsedConfig, from: ConfigSource): Promise<Reloaded> => {
    const [inband] = await starting;
    refuseWorkers(next, from);
    const reloaded = await applyConfig(inband, next, from, { logger, admin, acme });
    watch.set(next.config.reload.watch, from);
    sides.reloaded(inband);
    return reloaded;
  };
  const during = (replace: () => Promise<Reloaded>): Promise<Reloaded> =>
    manager.during(() => countReload(metrics, replace));
  const changes = new ConfigChanges({ source, apply, during, logger });
  const watch = new FileWatch(logging.logger, () => changes.ask({ changed: source.file }));
  handleOtherSignals(logging, {
    reload: () => changes.ask({ signal: 'SIGHUP' }),
    upgrade: () => upgrade.ask({ signal: 'SIGUSR2' }),
  });
  watch.set(parsed.config.reload.watch, source);
  const stopping = Promise.race([signal.then((name) => ({ signal: name })), drain.promise, upgrade.done]);
  // A start may take long, for example when names of zones are not answered. Until it is done there are no clients to wait for.
  const started = await Promise.race([starting, stopping.then(() => undefined)]);
  running = started?.[0];
  optimiseAgain();
  if (running !== undefined) {
    logListeners(parsed, running, logger);
    tellStarted();
    if (predecessor !== undefined) await takeOver(predecessor, () => admin.start(parsed.config, source), logger);
    sides.started(running);
    pushes?.begin(changes, () => running?.configured.parsed ?? parsed);
    await clusterView.begin();
    manager.ready(statusOf(running.listeners));
    // What sends it is the event loop that serves clients.
    manager.watch(() => 0);
  }
  starting.catch(() => undefined);
  const why = await stopping;
  const config = running?.config ?? parsed.config;
  await finish({ logging, config, running, sides, admin, manager, pushes, changes, watch, upgrade }, why);
  // Not by an empty event loop, because a plugin may have left something running.
  return logging.leave(0);
}

function refuseWorkers({ config }: ParsedConfig, source: ConfigSource): void {
  if (countWorkers(config.workers) === 1) return;
  throw errorsOf(source, [{ path: ['workers'], message: 'one process becomes several by a restart only.' }]);
}
