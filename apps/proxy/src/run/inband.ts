import { combineListeners, type Logger, type SessionListener, type Transport } from '@inband/core';
import { errorsOf, parseConfig, type ParsedConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/schema/schema.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { accessFields } from '../lines/access-log.ts';
import { guardedLogger } from '../log/guarded-logger.ts';
import { openLog } from '../log/log-sink.ts';
import { silentLogger } from '../log/logging.ts';
import { logListeners, logWarnings } from './announce.ts';
import { type Inband, startInband } from './start.ts';

/** What an embedding program may replace. */
export interface InbandOptions {
  /** The transport, instead of the configuration's `transport`. */
  readonly transport?: Transport;
  /**
   * Where messages and access lines go. Without one they go to standard output if the configuration has a `log`
   * section, else nowhere. An exception in it does not affect clients.
   */
  readonly logger?: Logger;
  /**
   * Called at the end of every request and tunnel, whatever is logged. An exception or a rejection of it is logged as a defect
   * and does not affect the client.
   */
  readonly onSession?: SessionListener;
  /** The directory for relative paths in `plugins`. Default: the current directory. */
  readonly baseDirectory?: string;
}

/**
 * Starts a proxy from a configuration of the same shape as the file's. Resolves when every listener accepts.
 * Rejects with a `ConfigError` that names every problem; then nothing is left open.
 */
export async function createInband(config: ConfigInput, options: InbandOptions = {}): Promise<Inband> {
  const source = { value: config, baseDirectory: options.baseDirectory ?? process.cwd() };
  const parsed = await parseConfig(source);
  if (parsed.config.workers !== 1) {
    const message = 'a program that embeds the proxy runs it in its own process; leave "workers" out, or set it to 1.';
    throw errorsOf(source, [{ path: ['workers'], message }]);
  }
  const logging = loggingFor(parsed, source, options);
  logWarnings(parsed, logging.logger);
  const onSession = combineListeners([logging.onSession, options.onSession], logging.logger);
  const { logger } = logging;
  const starting = startInband(parsed, source, { logger, transport: options.transport, onSession });
  const inband = await starting.catch(async (error: unknown) => {
    await logging.close();
    throw error;
  });
  logListeners(parsed, inband, logging.logger);
  return {
    listeners: inband.listeners,
    close: async (how) => {
      await inband.close(how);
      await logging.close();
    },
  };
}

async function closed(): Promise<void> {}

interface EmbeddedSource extends ConfigSource {
  readonly value: ConfigInput;
}

function loggingFor({ config }: ParsedConfig, source: EmbeddedSource, options: InbandOptions) {
  if (options.logger !== undefined) {
    const logger = guardedLogger(options.logger);
    const onSession: SessionListener = (record) => logger.info(accessFields(record), record.kind);
    return { logger, onSession: config.log.access ? onSession : undefined, close: closed };
  }
  if (source.value.log !== undefined) return openLog(config.log, source);
  return { logger: silentLogger, onSession: undefined, close: closed };
}
