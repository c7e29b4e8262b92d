import { logListeners, logWarnings } from './announce.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { printAsEnvironmentSays, warnOfEnvironment } from '../debug/debug-environment.ts';
import { exitOnDefects } from '../log/defects.ts';
import { startInband } from './start.ts';
import { openLog } from '../log/log-sink.ts';
import { firstSignal, HURRIED, logIgnoredSignals } from './signals.ts';

/**
 * Runs the proxy in this process until SIGTERM, SIGINT or SIGQUIT, then finishes what is running within `shutdown.grace`
 * and exits with 0. A second signal ends the process at once.
 */
export async function run(parsed: ParsedConfig, source: ConfigSource): Promise<number> {
  const logging = openLog(parsed.config.log, source);
  exitOnDefects(logging);
  const signal = firstSignal(() => {
    logging.flushSync(HURRIED);
    logging.leave(1);
  });
  logIgnoredSignals(logging);
  printAsEnvironmentSays(false);
  warnOfEnvironment(logging.logger);
  logWarnings(parsed, logging.logger);
  const starting = startInband(parsed, source, { ...logging, transport: undefined });
  // A start may take long, for example when names of zones are not answered. Until it is done there are no clients to wait for.
  const inband = await Promise.race([starting, signal.then(() => undefined)]);
  if (inband !== undefined) logListeners(parsed, inband, logging.logger);
  starting.catch(() => undefined);
  logging.logger.info({ signal: await signal, grace: parsed.config.shutdown.grace }, 'stopping');
  await inband?.close();
  logging.logger.info({}, 'stopped');
  await logging.flush();
  // Not by an empty event loop, because a plugin may have left something running.
  return logging.leave(0);
}
