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
  /** Writes access lines; undefined when they are off. */
  readonly onSession: SessionListener | undefined;
  /** Resolves when everything that was logged has left. */
  flush(): Promise<void>;
  /** The same for a process that is dying: waits no longer than `limit` milliseconds, a second unless it is given. */
  flushSync(limit?: number): void;
  /** Ends the process, whatever its log's reader does; see {@link leave}. */
  leave(status: number, isHeld?: boolean): never;
}

/** Makes the loggers: JSON lines, those of the program by pino. These leave at once, access lines in batches. */
export function createLogging(config: Config['log'], sink: LogSink): Logging {
  const batch = new LogBatch(sink);
  const atOnce = {
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
  const logger = pino(options, atOnce);
  return {
    logger,
    // `log.level` is about the program's messages; whoever turns access lines on wants every one of them.
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
      // Half a line would spoil the next one.
      batch.lines.length = length;
      throw error;
    }
    batch.added();
  };
}

/** Adds `fields` to everything that is logged through the result. */
export function childLogger(logger: Logger, fields: object): Logger {
  return {
    debug: (more, message) => logger.debug({ ...more, ...fields }, message),
    info: (more, message) => logger.info({ ...more, ...fields }, message),
    warn: (more, message) => logger.warn({ ...more, ...fields }, message),
    error: (more, message) => logger.error({ ...more, ...fields }, message),
  };
}

function nothing(): void {}

/** Logs nothing. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
