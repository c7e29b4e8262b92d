import type { ParsedConfig } from './config/parse-config.ts';
import type { ConfigSource } from './config/read-source.ts';
import { startInband } from './inband.ts';
import { stdoutSink } from './log-batch.ts';
import { createLogging, type Logging } from './logging.ts';

/**
 * Runs the proxy until SIGTERM or SIGINT, then finishes what is running within `shutdown.grace` and exits with 0. A
 * second signal ends the process at once.
 */
export async function run(parsed: ParsedConfig, source: ConfigSource): Promise<number> {
  const logging = createLogging(parsed.config.log, stdoutSink());
  process.on('uncaughtException', (error) => dieOf(error, logging));
  process.on('unhandledRejection', (error) => dieOf(error, logging));
  const signal = firstSignal(logging);
  const inband = await startInband(parsed, source, { ...logging, transport: undefined });
  logging.logger.info({ signal: await signal, grace: parsed.config.shutdown.grace }, 'stopping');
  await inband.close();
  logging.logger.info({}, 'stopped');
  await logging.flush();
  // A plugin may have left something running; nothing of ours is.
  process.exit(0);
}

function firstSignal(logging: Logging): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals): void => {
      signals += 1;
      if (signals === 1) return resolve(signal);
      logging.flushSync();
      process.exit(1);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** A defect, ours or a plugin's: after it the state cannot be trusted, so whoever watches the process restarts it. */
function dieOf(error: unknown, logging: Logging): never {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    logging.logger.error({ error: stack }, 'defect');
    logging.flushSync();
  } finally {
    process.stderr.write(`inband: defect: ${stack}\n`);
    process.exit(1);
  }
}
