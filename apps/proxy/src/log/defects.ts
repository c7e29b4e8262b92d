import { secrets } from '../secrets/secret-texts.ts';
import { writeBeforeExit } from './outputs/final-write.ts';
import type { ProgramLog } from './program-log.ts';

/** Milliseconds that the readers of the log and then of standard error have at the end: a second in all. */
const LOG_LIMIT = 600;
const STDERR_LIMIT = 400;
const STDERR = 2;

/**
 * Makes an uncaught exception, ours or a plugin's, end the process with status 1, after lines in the log and on standard
 * error. Warnings of Node.js go to the log, because Node.js would wait for a reader of standard error without a limit.
 */
export function exitOnDefects(log: ProgramLog): void {
  process.on('uncaughtException', (error) => exitOn(error, log));
  process.on('unhandledRejection', (error) => exitOn(error, log));
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => log.logger.warn({ detail: message }, `a warning of Node.js: ${name}`));
}

/** Ends the process, because its state cannot be trusted after a defect. A service manager restarts it. */
function exitOn(error: unknown, log: ProgramLog): never {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    log.logger.error({ error: stack }, 'defect');
    log.flushSync(LOG_LIMIT);
  } finally {
    const isWritten = writeBeforeExit(STDERR, Buffer.from(secrets.redact(`inband: defect: ${stack}\n`)), STDERR_LIMIT);
    log.leave(1, !isWritten);
  }
}
