import { logListeners, logWarnings } from '../run/announce.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import { warnOfEnvironment } from '../debug/debug-environment.ts';
import { exitOnDefects } from '../log/defects.ts';
import type { InbandListener } from '../run/start.ts';
import { stdoutSink } from '../log/log-batch.ts';
import { createLogging } from '../log/logging.ts';
import { firstSignal, HURRIED, tellIdleSignals } from '../run/signals.ts';
import { Crew } from './crew.ts';
import type { Ready } from './messages.ts';

/**
 * Runs `size` workers, each a process with the whole proxy in it, that share the listeners. This process carries no
 * traffic: it starts them, restarts one that dies, and on SIGTERM, SIGINT or SIGQUIT ends them together within
 * `shutdown.grace` and exits with 0. A second signal ends all at once, with 1.
 */
export async function supervise(parsed: ParsedConfig, source: ConfigSource, size: number): Promise<number> {
  const { config } = parsed;
  const logging = createLogging(config.log, stdoutSink(true));
  const { logger } = logging;
  exitOnDefects(logging);
  const crew = new Crew({ size, file: source.file, text: source.text, logger });
  let aborted: Promise<never> | undefined;
  const signal = firstSignal(() => {
    aborted ??= crew.abort().then(() => {
      logging.flushSync(HURRIED);
      return logging.leave(1);
    });
  });
  tellIdleSignals(logger);
  warnOfEnvironment(logger);
  logWarnings(parsed, logger);
  const started = crew.start();
  try {
    const ready = await Promise.race([started, signal]);
    if (typeof ready !== 'string') logListeners(parsed, { ...ready, listeners: at(ready, config) }, logger, size);
  } catch (error) {
    await crew.abort();
    throw error;
  }
  // A worker that is told to stop before it is ready is no failure any more.
  started.catch(() => undefined);
  logger.info({ signal: await signal, grace: config.shutdown.grace }, 'stopping');
  await crew.stop(config.shutdown.grace);
  await aborted;
  logger.info({}, 'stopped');
  await logging.flush();
  return logging.leave(0);
}

function at({ addresses }: Ready, { listeners }: Config): InbandListener[] {
  return addresses.map((address, index) => ({ address, service: listeners[index]?.service ?? '' }));
}
