import { turnTime, type Logger, type Route, type Service, type SessionListener } from '@inband/core';
import { pino, type Logger as PinoLogger } from 'pino';
import { routeFields, sessionFields } from './access-log.ts';
import type { Config } from './config/schema.ts';
import { LogBatch, type LogSink } from './log-batch.ts';

/** The logs of one running proxy. */
export interface Logging {
  readonly logger: Logger;
  /** Writes access lines; undefined when they are off. */
  readonly onSession: SessionListener | undefined;
  /** Resolves when everything that was logged has left. */
  flush(): Promise<void>;
  /** The same for a process that is dying. */
  flushSync(): void;
}

/** Makes the loggers: JSON lines by pino. The program's own messages leave at once, access lines in batches. */
export function createLogging(config: Config['log'], sink: LogSink): Logging {
  const batch = new LogBatch(sink);
  const common = {
    base: { pid: process.pid },
    timestamp: isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const atOnce = {
    write(line: string): void {
      batch.add(line);
      batch.push();
    },
  };
  const logger = pino({ ...common, level: config.level }, atOnce);
  // `log.level` is about the program's messages; whoever turns access lines on wants every one of them.
  const access = pino({ ...common, level: 'info' }, { write: (line: string) => batch.add(line) });
  return {
    logger,
    onSession: config.access ? accessListener(access) : undefined,
    flush: () => batch.flush(),
    flushSync: () => batch.flushSync(),
  };
}

/** What the sessions of a route have in common is made into text once for the route. */
function accessListener(access: PinoLogger): SessionListener {
  const byRoute = new Map<Route | Service, PinoLogger>();
  return (record) => {
    const { session } = record;
    const key = session.route ?? session.service;
    let logger = byRoute.get(key);
    if (logger === undefined) byRoute.set(key, (logger = access.child(routeFields(session))));
    logger.info(sessionFields(record), record.kind);
  };
}

let instant = 0;
let instantText = '';

/** Like pino's own, but made once in a turn of the event loop, in which there may be many lines. */
function isoTime(): string {
  const now = turnTime();
  if (now !== instant) {
    instant = now;
    instantText = `,"time":"${new Date().toISOString()}"`;
  }
  return instantText;
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
