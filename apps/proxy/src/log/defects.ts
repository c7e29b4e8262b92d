import { writeLastWords } from './last-words.ts';
import type { Logging } from './logging.ts';

/** Milliseconds that readers of the log, and then of standard error, have for the last words: a second in all. */
const LOG_LIMIT = 600;
const STDERR_LIMIT = 400;
const STDERR = 2;

/**
 * From now on a defect, ours or a plugin's, ends the process with 1, and is said in the log and on standard error. What
 * Node warns of goes to the log: its own way, standard error, waits for a reader for ever.
 */
export function dieOfDefects(logging: Logging): void {
  process.on('uncaughtException', (error) => dieOf(error, logging));
  process.on('unhandledRejection', (error) => dieOf(error, logging));
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) =>
    logging.logger.warn({ detail: message }, `a warning of Node.js: ${name}`),
  );
}

/** After a defect the state cannot be trusted, so whoever watches the process restarts it. */
function dieOf(error: unknown, logging: Logging): never {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    logging.logger.error({ error: stack }, 'defect');
    logging.flushSync(LOG_LIMIT);
  } finally {
    const isWritten = writeLastWords(STDERR, Buffer.from(`inband: defect: ${stack}\n`), STDERR_LIMIT);
    logging.leave(1, !isWritten);
  }
}
