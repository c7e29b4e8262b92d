import { combineListeners, type Logger, type SessionListener, type Transport } from '@inband/core';
import { errorsOf, parseConfig, type ParsedConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/schema/schema.ts';
import { accessFields } from '../lines/access-log.ts';
import { guardedLogger } from '../log/guarded-logger.ts';
import { stderrSink, stdoutSink } from '../log/log-batch.ts';
import { createLogging, silentLogger } from '../log/logging.ts';
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
  const logging = loggingFor(parsed, config, options);
  logWarnings(parsed, logging.logger);
  const inband = await startInband(parsed, source, {
    logger: logging.logger,
    transport: options.transport,
    onSession: combineListeners([logging.onSession, options.onSession], logging.logger),
  });
  logListeners(parsed, inband, logging.logger);
  return {
    listeners: inband.listeners,
    close: async (how) => {
      await inband.close(how);
      await logging.flush();
    },
  };
}

async function flushed(): Promise<void> {}

function loggingFor({ config }: ParsedConfig, written: ConfigInput, options: InbandOptions) {
  if (options.logger !== undefined) {
    const logger = guardedLogger(options.logger);
    const onSession: SessionListener = (record) => logger.info(accessFields(record), record.kind);
    return { logger, onSession: config.log.access ? onSession : undefined, flush: flushed };
  }
  if (written.log !== undefined) return createLogging(config.log, stdoutSink(), () => stderrSink());
  return { logger: silentLogger, onSession: undefined, flush: flushed };
}
