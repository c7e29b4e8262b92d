import { logListeners, logNewListeners, logWarnings } from './announce.ts';
import type { Logger } from '@inband/core';
import { errorsOf, type ParsedConfig } from '../config/parse-config.ts';
import { countWorkers } from './limits/count-workers.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { printAsEnvironmentSays, warnOfEnvironment } from '../debug/debug-environment.ts';
import { exitOnDefects } from '../log/defects.ts';
import { startInband } from './start.ts';
import { ProgramLog } from '../log/program-log.ts';
import { loadAgain } from '../config/load-config.ts';
import { ReloadRequests } from './reload-requests.ts';
import { logReloaded, type PrepareLog, type Running } from './running.ts';
import { firstSignal, handleOtherSignals, HURRIED } from './signals.ts';
import { FileWatch } from './file-watch.ts';

/**
 * Runs the proxy in this process until SIGTERM, SIGINT or SIGQUIT, then finishes what is running within `shutdown.grace`
 * and exits with 0. A second signal ends the process at once.
 */
export async function run(parsed: ParsedConfig, source: ConfigSource): Promise<number> {
  const { baseDirectory } = source;
  const logging = new ProgramLog({ log: parsed.config.log, baseDirectory });
  exitOnDefects(logging);
  const signal = firstSignal(() => {
    logging.flushSync(HURRIED);
    logging.leave(1);
  });
  printAsEnvironmentSays(false);
  warnOfEnvironment(logging.logger);
  logWarnings(parsed, logging.logger);
  const { logger, onSession } = logging;
  const prepareLog: PrepareLog = ({ log }, next) => logging.prepare({ log, baseDirectory: next.baseDirectory });
  const starting = startInband(parsed, source, { logger, onSession, transport: undefined, prepareLog });
  const requests = new ReloadRequests(
    async () => reload(await starting, source.file, logging.logger, watch),
    logging.logger,
  );
  const watch = new FileWatch(logging.logger, () => requests.ask({ changed: source.file }));
  handleOtherSignals(logging, () => requests.ask({ signal: 'SIGHUP' }));
  watch.set(parsed.config.reload.watch, source);
  // A start may take long, for example when names of zones are not answered. Until it is done there are no clients to wait for.
  const inband = await Promise.race([starting, signal.then(() => undefined)]);
  if (inband !== undefined) logListeners(parsed, inband, logging.logger);
  starting.catch(() => undefined);
  const stopSignal = await signal;
  watch.stop();
  const { grace } = (inband?.config ?? parsed.config).shutdown;
  logging.logger.info({ signal: stopSignal, grace }, 'stopping');
  await inband?.close();
  logging.logger.info({}, 'stopped');
  await logging.flush();
  // Not by an empty event loop, because a plugin may have left something running.
  return logging.leave(0);
}

/** Reads the file again, and makes it the configuration. */
async function reload(running: Running, file: string | undefined, logger: Logger, watch: FileWatch): Promise<void> {
  const [parsed, source] = await loadAgain(file);
  if (countWorkers(parsed.config.workers) !== 1) {
    const message = 'one process becomes several by a restart only.';
    throw errorsOf(source, [{ path: ['workers'], message }]);
  }
  const { listeners } = running;
  const reloaded = await running.reload(parsed, source);
  logWarnings(parsed, logger);
  logReloaded(reloaded, logger);
  logNewListeners(parsed, running, listeners, logger);
  watch.set(parsed.config.reload.watch, source);
}
