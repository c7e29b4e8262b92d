import { type Logger, type SessionListener } from '@inband/core';
import { pino, stdTimeFunctions } from 'pino';
import { AccessLines } from './access-line.ts';
import { escapeUnsafe } from './escape-unsafe.ts';
import type { Config } from '../config/schema/schema.ts';
import { LogBatch, type LogSink } from './log-batch.ts';
import { leave } from './leave.ts';

/** The logs of one running proxy. */
export interface Logging {
  readonly logger: Logger;
  /** Writes access lines. Undefined when they are off. */
  readonly onSession: SessionListener | undefined;
  /** Resolves when all lines are written. */
  flush(): Promise<void>;
  /** Writes all lines before it returns. Waits at most `limit` milliseconds (default a second). */
  flushSync(limit?: number): void;
  /** Ends the process even if the reader of the log blocks it; see {@link leave}. */
  leave(status: number, isHeld?: boolean): never;
}

/** Makes the loggers of JSON lines. Messages of the program are written by pino and at once, access lines in batches. */
export function createLogging(config: Config['log'], sink: LogSink): Logging {
  const batch = new LogBatch(sink);
  const unbatched = {
    write(line: string): void {
      batch.add(escapeUnsafe(line));
      batch.push();
    },
  };
  const options = {
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    level: config.level,
  };
  const logger = pino(options, unbatched);
  return {
    logger,
    // `log.level` applies to messages of the program only, so that no access line is missing.
    onSession: config.access ? accessListener(batch) : undefined,
    flush: () => batch.flush(),
    flushSync: (limit) => batch.flushSync(limit),
    leave: (status, isHeld = false) => leave(status, isHeld || batch.isHeld),
  };
}

function accessListener(batch: LogBatch): SessionListener {
  const lines = new AccessLines();
  return (record) => {
    const { length } = batch.lines;
    try {
      lines.write(record, batch.lines);
    } catch (error) {
      // Drops the part of a line that was written.
      batch.lines.length = length;
      throw error;
    }
    batch.added();
  };
}

/** Makes a logger that adds `fields` to every line. */
export function childLogger(logger: Logger, fields: object): Logger {
  return {
    debug: (more, message) => logger.debug({ ...more, ...fields }, message),
    info: (more, message) => logger.info({ ...more, ...fields }, message),
    warn: (more, message) => logger.warn({ ...more, ...fields }, message),
    error: (more, message) => logger.error({ ...more, ...fields }, message),
  };
}

function nothing(): void {}

/** A logger that writes nothing. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
