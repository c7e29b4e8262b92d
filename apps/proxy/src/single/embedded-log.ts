import type { Logger, SessionListener } from '@inband/core';
import { isRecord } from '../config/problem/problem.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import { accessFields } from '../lines/access-log.ts';
import { guardedLogger } from '../log/guarded-logger.ts';
import { type LogSettings, type MessageListener, type PreparedLog, ProgramLog } from '../log/program-log.ts';
import type { InbandOptions } from './embedding.ts';

/** The log of an embedded proxy. */
export interface EmbeddedLog extends Pick<ProgramLog, 'logger' | 'onSession' | 'dropped' | 'close'> {
  /** Of its messages, for readers of the admin API. */
  readonly tellMessages?: (listener: MessageListener | undefined) => void;
  prepare(config: Config, source: ConfigSource): PreparedLog;
}

/** Nothing is logged where the configuration has no `log` section. */
function logSettings({ log }: Config, { value, baseDirectory }: ConfigSource): LogSettings {
  return { log: isRecord(value) && value.log !== undefined ? log : undefined, baseDirectory };
}

/** Where the messages and access lines of an embedded proxy go. */
export function loggingFor(first: Config, source: ConfigSource, options: InbandOptions): EmbeddedLog {
  if (options.logger !== undefined) return ownLogger(first, options.logger);
  const log = new ProgramLog(logSettings(first, source));
  return {
    logger: log.logger,
    get onSession() {
      return log.onSession;
    },
    get dropped() {
      return log.dropped;
    },
    prepare: (next, nextSource) => log.prepare(logSettings(next, nextSource)),
    close: () => log.close(),
    tellMessages: (listener) => (log.onMessage = listener),
  };
}

/** Everything goes to the logger of the program. */
function ownLogger(first: Config, given: Logger): EmbeddedLog {
  const logger = guardedLogger(given);
  const access: SessionListener = (record) => logger.info(accessFields(record), record.kind);
  let isLogged = first.log.access;
  const listener = (): SessionListener | undefined => (isLogged ? access : undefined);
  const commit = ({ log }: Config): SessionListener | undefined => {
    isLogged = log.access;
    return listener();
  };
  return {
    logger,
    get onSession() {
      return listener();
    },
    dropped: 0,
    prepare: (next) => ({ commit: () => commit(next), abandon: () => undefined }),
    close: async () => undefined,
  };
}
