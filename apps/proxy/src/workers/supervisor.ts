import { logListeners, logWarnings } from '../run/announce.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import { warnOfEnvironment } from '../debug/debug-environment.ts';
import { exitOnDefects } from '../log/defects.ts';
import type { InbandListener } from '../run/start.ts';
import { openLog } from '../log/log-sink.ts';
import { firstSignal, HURRIED, logIgnoredSignals } from '../run/signals.ts';
import { WorkerGroup } from './worker-group.ts';
import type { Ready } from './messages.ts';

/**
 * Runs `size` worker processes that share the listeners. Each is a complete proxy. This process serves no clients: it starts
 * the workers, restarts each that ends, and on SIGTERM, SIGINT or SIGQUIT shuts them down within `shutdown.grace` and exits with 0.
 * A second signal ends all of them immediately, with 1.
 */
export async function supervise(parsed: ParsedConfig, source: ConfigSource, size: number): Promise<number> {
  const { config } = parsed;
  const logging = openLog(config.log, { ...source, role: 'supervisor' });
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
  logIgnoredSignals(logging);
  warnOfEnvironment(logger);
  logWarnings(parsed, logger);
  const started = workers.start();
  try {
    const ready = await Promise.race([started, signal]);
    if (typeof ready !== 'string') logListeners(parsed, { ...ready, listeners: at(ready, config) }, logger, size);
  } catch (error) {
    await workers.abort();
    throw error;
  }
  // A worker that ends before it is ready is no error any more.
  started.catch(() => undefined);
  logger.info({ signal: await signal, grace: config.shutdown.grace }, 'stopping');
  await workers.stop(config.shutdown.grace);
  await aborted;
  logger.info({}, 'stopped');
  await logging.flush();
  return logging.leave(0);
}

function at({ addresses }: Ready, { listeners }: Config): InbandListener[] {
  return addresses.map((address, index) => ({ address, service: listeners[index]?.service ?? '' }));
}
