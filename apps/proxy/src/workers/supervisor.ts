import { logListeners, logNewListeners, logWarnings } from '../run/announce.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import { warnOfEnvironment } from '../debug/debug-environment.ts';
import { loadAgain } from '../config/load-config.ts';
import { errorsOf } from '../config/parse-config.ts';
import { FileWatch } from '../run/file-watch.ts';
import { differenceOf } from '../run/generations/difference.ts';
import { unchangeableIn } from '../run/generations/unchangeable.ts';
import { countWorkers } from '../run/limits/count-workers.ts';
import { planOf } from '../run/plan/plan.ts';
import type { Plan } from '../run/plan/planned.ts';
import { ReloadRequests } from '../run/reload-requests.ts';
import { logReloaded } from '../run/running.ts';
import { exitOnDefects } from '../log/defects.ts';
import type { InbandListener } from '../run/running.ts';
import { type PreparedLog, ProgramLog } from '../log/program-log.ts';
import { firstSignal, HURRIED, handleOtherSignals } from '../run/signals.ts';
import { WorkerGroup } from './worker-group.ts';
import type { Ready } from './messages.ts';

/**
 * Runs `size` worker processes that share the listeners. Each is a complete proxy. This process serves no clients: it starts
 * the workers, restarts each that ends, and on SIGTERM, SIGINT or SIGQUIT shuts them down within `shutdown.grace` and exits with 0.
 * A second signal ends all of them immediately, with 1.
 */
export async function supervise(parsed: ParsedConfig, source: ConfigSource, size: number): Promise<number> {
  const { config } = parsed;
  const logging = new ProgramLog({ log: config.log, baseDirectory: source.baseDirectory }, 'supervisor');
  const { logger } = logging;
  exitOnDefects(logging);
  const workers = new WorkerGroup({ size, file: source.file, files: source.files, logger });
  let aborted: Promise<never> | undefined;
  const signal = firstSignal(() => {
    aborted ??= workers.abort().then(() => {
      logging.flushSync(HURRIED);
      return logging.leave(1);
    });
  });
  warnOfEnvironment(logger);
  logWarnings(parsed, logger);
  const started = workers.start();
  let current: Current = { parsed, source, plan: planOf(parsed), generation: 1, listeners: [] };
  const reload = async (): Promise<void> => {
    const ready = await started;
    const before = current.generation > 1 ? current : { ...current, listeners: at(ready, config) };
    current = await reloadAll(before, ready, workers, logging);
    watch.set(current.parsed.config.reload.watch, current.source);
  };
  const requests = new ReloadRequests(reload, logger);
  const watch = new FileWatch(logger, () => requests.ask({ changed: source.file }));
  handleOtherSignals(logging, () => requests.ask({ signal: 'SIGHUP' }));
  watch.set(config.reload.watch, source);
  try {
    const ready = await Promise.race([started, signal]);
    if (typeof ready !== 'string') logListeners(parsed, { ...ready, listeners: at(ready, config) }, logger, size);
  } catch (error) {
    await workers.abort();
    throw error;
  }
  // A worker that ends before it is ready is no error any more.
  started.catch(() => undefined);
  const stopSignal = await signal;
  watch.stop();
  const { grace } = current.parsed.config.shutdown;
  logger.info({ signal: stopSignal, grace }, 'stopping');
  await workers.stop(grace);
  await aborted;
  logger.info({}, 'stopped');
  await logging.flush();
  return logging.leave(0);
}

function at({ addresses }: Pick<Ready, 'addresses'>, { listeners }: Config): InbandListener[] {
  return addresses.map((address, index) => ({ address, service: listeners[index]?.service ?? '' }));
}

/** The configuration that all workers have. */
interface Current {
  readonly parsed: ParsedConfig;
  readonly source: ConfigSource;
  readonly plan: Plan;
  readonly generation: number;
  readonly listeners: readonly InbandListener[];
}

/** Reads the file again, and makes it the configuration of all workers. Rejects if it is wrong, or one of them cannot; then nothing has changed. */
async function reloadAll(before: Current, ready: Ready, workers: WorkerGroup, logging: ProgramLog): Promise<Current> {
  const [parsed, source] = await loadAgain(before.source.file);
  const plan = planOf(parsed);
  const problems = unchangeableIn(before.plan, plan);
  if (problems.length > 0) throw errorsOf(source, problems);
  const {
    log,
    reload: { maxAge },
  } = parsed.config;
  const size = countWorkers(parsed.config.workers);
  const { alive, addresses } = await withLog(logging.prepare({ log, baseDirectory: source.baseDirectory }), () =>
    workers.reload(source.files, { size, grace: maxAge }),
  );
  const difference = differenceOf(before.plan, plan);
  const isSame = difference.added.length + difference.changed.length + difference.dropped.length === 0;
  const generation = isSame ? before.generation : before.generation + 1;
  logWarnings(parsed, logging.logger);
  logReloaded({ generation, alive, ...difference }, logging.logger, size);
  const listeners = at({ addresses }, parsed.config);
  logNewListeners(parsed, { ...ready, listeners }, before.listeners, logging.logger, size);
  return { parsed, source, plan, generation, listeners };
}

/** Commits the log if `reload` succeeds. */
async function withLog<T>(prepared: PreparedLog, reload: () => Promise<T>): Promise<T> {
  try {
    const result = await reload();
    prepared.commit();
    return result;
  } catch (error) {
    prepared.abandon();
    throw error;
  }
}
