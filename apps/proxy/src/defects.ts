import type { Logging } from './logging.ts';

/** From now on a defect, ours or a plugin's, ends the process with 1, and is said in the log and on standard error. */
export function dieOfDefects(logging: Logging): void {
  process.on('uncaughtException', (error) => dieOf(error, logging));
  process.on('unhandledRejection', (error) => dieOf(error, logging));
}

/** After a defect the state cannot be trusted, so whoever watches the process restarts it. */
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
