import { AcmeSide } from '../acme/acme-side.ts';
import { AdminSide } from '../admin/admin-side.ts';
import { askedByCluster } from '../admin/of-cluster.ts';
import { ClusterSide } from '../cluster/cluster-side.ts';
import { openHints } from '../cluster/hints/open-hints.ts';
import { openPushes } from '../cluster/pushes/if-configured.ts';
import { ClusterView } from '../cluster/view/cluster-view.ts';
import { viewedSide } from '../cluster/view/viewed-side.ts';
import { SecretsSide } from '../cluster/secrets-side.ts';
import type { InheritedSockets } from '../handover/inherited-sockets.ts';
import { started as tellStarted } from '../../bin/started.mjs';
import { logCompileCache, logListeners, logWarnings } from '../run/announce.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { bindNames } from '../config/values/bind.ts';
import { warnOfEnvironment } from '../debug/debug-environment.ts';
import { isReadOnce } from '../config/load-config.ts';
import { predecessorOfThisProcess } from '../handover/predecessor.ts';
import { takeOver } from '../handover/take-over.ts';
import { Upgrade } from '../handover/upgrade.ts';
import { shutdownTimes } from '../run/shutdown.ts';
import { showDraining } from '../run/drain-status.ts';
import { ServiceManager, statusOf } from '../run/service-manager.ts';
import { FileWatch } from '../run/file-watch.ts';
import { hasChecks } from '../run/observed/planned-pools.ts';
import { planOf } from '../run/plan/plan.ts';
import { ConfigChanges } from '../overlays/config-changes.ts';
import { listenersAt, type Reloaded } from '../run/running.ts';
import { exitOnDefects } from '../log/defects.ts';
import { stderrSink } from '../log/outputs/log-batch.ts';
import { ProgramLog } from '../log/program-log.ts';
import { firstSignal, HURRIED, handleOtherSignals } from '../run/signals.ts';
import type { Current } from './reload/current.ts';
import { reloadAll } from './reload/reload-all.ts';
import { SupervisorOwner } from './supervisor-owner.ts';
import { ServerOrders } from './server-orders.ts';
import { namesOf } from '../revoked/revoked.ts';
import { sentTicketKeys } from '../session-tickets/ticket-keys.ts';
import { shownMetrics } from '../run/shown-metrics.ts';
import { countReload } from '../metrics/count/if-configured.ts';
import { shareMetrics } from './memory/shared-metrics.ts';
import { WorkerGroup } from './worker-group.ts';

/**
 * Runs `size` worker processes that share the listeners. Each is a complete proxy. This process serves no clients: it starts
 * the workers, restarts each that ends, and on SIGTERM, SIGINT or SIGQUIT shuts them down within `shutdown.grace` and exits with 0.
 * A second signal ends all of them immediately, with 1.
 */
export async function supervise(
  own: ParsedConfig,
  ownSource: ConfigSource,
  size: number,
  inherited: InheritedSockets,
): Promise<number> {
  const logging = new ProgramLog({ log: own.config.log, baseDirectory: ownSource.baseDirectory }, 'supervisor');
  const { logger } = logging;
  exitOnDefects(logging);
  const counting = await shareMetrics(own.config, () => logging.dropped);
  const metrics = counting?.metrics;
  const serverOrders = new ServerOrders();
  const acme = new AcmeSide(
    logger,
    (state) => workers.tellAcme(state),
    () => secrets.sharing,
  );
  const cluster = new ClusterSide({
    logger,
    parsed: own,
    hasWorkers: true,
    describe: () => ({ workers: workers.ready.count, generation: current.generation, open: workers.open }),
    onMembers: () => workers.tellParties(),
    metrics,
  });
  const workers: WorkerGroup = new WorkerGroup({
    size,
    timeout: own.config.workerTimeout,
    file: ownSource.file,
    inherited,
    logger,
    metrics: counting?.descriptor,
    onRestart: metrics?.restarted,
    serverOrders: () => serverOrders.all,
    acme: { state: () => acme.state, demand: (host) => acme.demand(host) },
    cluster: { lender: () => cluster.lender(), lending: (number) => cluster.lending(number) },
    secrets: { revoked: () => secrets.revocations.all, guesses: () => secrets.guesses },
    onReady: (worker, before) => {
      const { all } = serverOrders;
      if (all !== before) void workers.ready.ask(worker, 'take-orders', all);
    },
  });
  const { ticketKeys } = workers;
  const secrets: SecretsSide = new SecretsSide({
    logger,
    ring: ticketKeys,
    secrets: own.clusterFiles.secrets ?? [],
  });
  secrets.followRevoked((revoked) => workers.tellRevoked(revoked));
  const predecessor = predecessorOfThisProcess();
  predecessor?.takeTicketKeys((sent) => ticketKeys.adopt(sent));
  let aborted: Promise<never> | undefined;
  const signal = firstSignal(() => {
    aborted ??= workers.abort().then(() => {
      logging.flushSync(HURRIED);
      return logging.leave(1);
    });
  });
  warnOfEnvironment(logger);
  logCompileCache(logger);
  metrics?.watchAcme(() => acme.status);
  let current: Current = { parsed: own, source: ownSource, plan: planOf(own), generation: 1, listeners: [] };
  await cluster.open();
  await secrets.open(cluster);
  const pushes = await openPushes(cluster, { ...current, inherited }, logger);
  const { parsed, source } = pushes?.begun ?? current;
  const { config } = parsed;
  if (pushes !== undefined) current = { ...current, parsed, source, plan: planOf(parsed) };
  logWarnings(parsed, logger);
  const hints = await openHints(cluster, () => workers.notices, logger);
  hints?.listen(hasChecks(current.plan));
  await acme.open(parsed, source);
  const started = workers.start(source.files);
  const drain = Promise.withResolvers<object>();
  const owner = new SupervisorOwner(
    {
      workers,
      current: () => current,
      changes: () => changes,
      pushes: () => pushes,
      acme: () => acme.status,
      cluster: () => clusterView,
      secrets: () => secrets,
      reload: (by) => changes.askFor({ admin: by }),
      drain: (by) => drain.resolve({ admin: by }),
    },
    serverOrders,
  );
  logging.onMessage = owner.tap.message;
  const clusterView = new ClusterView({
    cluster: viewedSide(
      cluster,
      own,
      () => pushes?.pushing?.follower,
      () => secrets.revocations.all.length,
    ),
    logger,
    processes: askedByCluster((question, argument) => owner.askAll(question, argument)),
    plan: () => current.plan,
    counted: counting?.source,
  });
  const admin = new AdminSide(owner, logger, counting && shownMetrics(counting.source, config));
  secrets.followRevoked((revoked) => admin.revoke(namesOf(revoked)));
  const manager = new ServiceManager(logger);
  const startingAdmin = predecessor === undefined ? admin.start(config, source) : Promise.resolve();
  const upgrade = new Upgrade({
    logger,
    isReadOnce: isReadOnce(source.file),
    share: async () => {
      await started;
      return workers.ready.share();
    },
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
  const reload = async (nextParsed: ParsedConfig, from: ConfigSource): Promise<Reloaded> => {
    const [ready] = await Promise.all([started, startingAdmin]);
    const before = current.generation > 1 ? current : { ...current, listeners: listenersAt(ready.addresses, config) };
    const { reloaded, ...next } = await reloadAll(
      before,
      ready,
      { parsed: nextParsed, source: from },
      { workers, logging, admin, acme },
    );
    serverOrders.replaced(before.plan, next.plan);
    current = next;
    hints?.listen(hasChecks(current.plan));
    cluster.tell({});
    void clusterView.replaced();
    closeUnwanted(inherited, current.parsed);
    watch.set(current.parsed.config.reload.watch, current.source);
    return reloaded;
  };
  const during = (replace: () => Promise<Reloaded>): Promise<Reloaded> =>
    manager.during(() => countReload(metrics, replace));
  const changes = new ConfigChanges({ source, apply: reload, during, logger });
  const watch = new FileWatch(logger, () => changes.ask({ changed: source.file }));
  handleOtherSignals(logging, {
    reload: () => changes.ask({ signal: 'SIGHUP' }),
    upgrade: () => upgrade.ask({ signal: 'SIGUSR2' }),
  });
  watch.set(config.reload.watch, source);
  const stopping = Promise.race([signal.then((name) => ({ signal: name })), drain.promise, upgrade.done]);
  try {
    const both = await Promise.race([Promise.all([started, startingAdmin]), stopping.then(() => undefined)]);
    if (both !== undefined) {
      const [ready] = both;
      current = { ...current, listeners: listenersAt(ready.addresses, config) };
      closeUnwanted(inherited, parsed);
      logListeners(parsed, { ...ready, listeners: current.listeners }, logger, size);
      tellStarted();
      if (predecessor !== undefined) await takeOver(predecessor, () => admin.start(config, source), logger);
      acme.begin();
      cluster.tell({});
      pushes?.begin(changes, () => current.parsed);
      await clusterView.begin();
      manager.ready(statusOf(current.listeners));
      manager.watch(() => workers.ready.silence);
    }
  } catch (error) {
    await workers.abort();
    throw error;
  }
  // A worker that ends before it is ready is no error any more.
  for (const unfinished of [started, startingAdmin]) unfinished.catch(() => undefined);
  const why = await stopping;
  owner.stops();
  watch.stop();
  upgrade.abort();
  void pushes?.close();
  changes.close();
  if (!upgrade.isDone) cluster.tell({ isStopping: true });
  const times = shutdownTimes(current.parsed.config);
  logger.info({ ...why, ...times }, 'stopping');
  manager.stopping('Finishing what is open');
  const stopShowing = showDraining({ times, open: () => workers.open, output: () => stderrSink(true) });
  await workers.stop(times, upgrade.isDone ? 'handed-over' : undefined);
  await aborted;
  stopShowing();
  await acme.close();
  // Last, so that it says meanwhile what is going on.
  await admin.close();
  await pushes?.close();
  await clusterView.close();
  hints?.close();
  secrets.close();
  await cluster.close();
  logger.info({}, 'stopped');
  await logging.flush();
  return logging.leave(0);
}

/**
 * Workers have their own descriptors of the sockets that they were started with. This process keeps only those that a worker
 * that is started again needs: it can bind a socket of a group itself.
 */
function closeUnwanted(inherited: InheritedSockets, { config }: ParsedConfig): void {
  const wanted = new Set(bindNames(config.listeners.map(({ bind }) => bind)));
  inherited.closeUnless(({ kind, bind }) => kind === 'systemd' || (kind === 'sole' && wanted.has(bind)));
}
