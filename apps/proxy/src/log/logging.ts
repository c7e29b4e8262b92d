import { type Logger, type SessionListener } from '@inband/core';
import { pino, stdTimeFunctions } from 'pino';
import type { Config } from '../config/schema/schema.ts';
import { LogBatch, type LogSink } from './outputs/log-batch.ts';
import { accessListener, sessionLog } from './session-log.ts';
import { type AccessFormat, textFormat } from '../lines/access-format.ts';
import { AccessLines } from '../lines/access-line.ts';
import { combinedLine, commonLine } from '../lines/common-line.ts';
import { escapeUnsafe } from '../lines/values/escape-unsafe.ts';
import { timeOfDay } from '../lines/values/log-time.ts';
import { paletteFor } from '../lines/palette.ts';
import { squidLine } from '../lines/squid-line.ts';
import { isTemplate, parseTemplate, templateLine } from '../lines/template.ts';
import { textLine } from '../lines/text-line.ts';
import { textLogger } from '../lines/text-logger.ts';

/** What is logged, and how. What is left out is as the configuration has it by default. */
export type LogOptions = Pick<Config['log'], 'level' | 'access'> & Partial<Config['log']>;

/** Writes a log by one configuration. */
export interface Logging {
  readonly logger: Logger;
  /** Writes access lines. Undefined when they are off. */
  readonly onSession: SessionListener | undefined;
  /** Hands the collected lines to the destination. */
  push(): void;
  /** Resolves when all lines are written, or after a second. */
  flush(): Promise<void>;
  /** Writes all lines before it returns. Waits at most `limit` milliseconds (default a second). */
  flushSync(limit?: number): void;
}

/**
 * Makes the loggers. Messages of the program are written at once, access lines in batches. `messages` is where messages go
 * if the format of the access lines has no room for them.
 */
export function createLogging(config: LogOptions, sink: LogSink, messages: () => LogSink = () => sink): Logging {
  const format = formatOf(config, sink.isTerminal === true);
  const batch = new LogBatch(sink);
  const isMixed = format === 'json' || format === 'text';
  const unbatched = isMixed ? batch : new LogBatch(messages());
  const batches = isMixed ? [batch] : [batch, unbatched];
  const logger = format === 'json' ? jsonLogger(config, unbatched) : peopleLogger(config, unbatched);
  const access = config.access ? accessListener(batch, accessFormat(format, config, batch.isTerminal)) : undefined;
  return {
    logger,
    // `log.level` applies to messages of the program only, so that no access line is missing.
    onSession: sessionLog(config, access, logger),
    push: () => batch.push(),
    flush: async () => void (await Promise.all(batches.map((each) => each.flush()))),
    flushSync(limit) {
      for (const each of batches) each.flushSync(limit);
    },
  };
}

type Format = Exclude<Config['log']['format'], 'auto'> | 'template';

function formatOf({ format = 'auto', template }: LogOptions, isTerminal: boolean): Format {
  if (template !== undefined) return 'template';
  if (format !== 'auto') return format;
  return isTerminal ? 'text' : 'json';
}

function jsonLogger({ level }: LogOptions, batch: LogBatch): Logger {
  const options = {
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    level,
  };
  const stream = {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      batch.message(escapeUnsafe(line), levelOf(this.lastLevel));
    },
  };
  return pino(options, stream);
}

/** The level of a number of pino's. */
function levelOf(number: number): keyof Logger {
  if (number >= 50) return 'error';
  if (number >= 40) return 'warn';
  return number >= 30 ? 'info' : 'debug';
}

function peopleLogger({ level }: LogOptions, batch: LogBatch): Logger {
  const { isTerminal } = batch;
  const time = timeFor(isTerminal);
  const write = (line: string, of: keyof Logger): void => batch.message(line, of);
  return textLogger({ level, palette: paletteFor(isTerminal), time, write });
}

/** At a terminal the time of day is enough. */
function timeFor(isTerminal: boolean): () => string {
  return isTerminal ? () => timeOfDay(new Date()) : () => new Date().toISOString();
}

function accessFormat(format: Format, { template = '' }: LogOptions, isTerminal: boolean): AccessFormat {
  if (format === 'json') return new AccessLines();
  if (format === 'common') return textFormat((record) => commonLine(record, new Date()));
  if (format === 'combined') return textFormat((record) => combinedLine(record, new Date()));
  if (format === 'squid') return textFormat((record) => squidLine(record, new Date()));
  if (format === 'text') {
    const [time, palette] = [timeFor(isTerminal), paletteFor(isTerminal)];
    return textFormat((record) => textLine(record, time(), palette));
  }
  const parts = parseTemplate(template);
  if (!isTemplate(parts)) throw new TypeError(`log.template: ${parts.message}`);
  return textFormat((record) => templateLine(parts, record, new Date()));
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

/** Writes nothing. */
export const silentLogging: Logging = {
  logger: silentLogger,
  onSession: undefined,
  push: nothing,
  flush: async () => undefined,
  flushSync: nothing,
};
