import { combineListeners, type Logger, type SessionListener, type Transport } from '@inband/core';
import { errorsOf, parseConfig, type ParsedConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/schema/config-input.ts';
import type { Config } from '../config/schema/schema.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { accessFields } from '../lines/access-log.ts';
import { guardedLogger } from '../log/guarded-logger.ts';
import { openLog } from '../log/log-sink.ts';
import { silentLogger } from '../log/logging.ts';
import { logListeners, logNewListeners, logWarnings } from './announce.ts';
import { type InbandListener, logReloaded, type Reloaded } from './running.ts';
import { startInband } from './start.ts';

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

/** A proxy that is running. */
export interface Inband extends AsyncDisposable {
  /** In the order of the configuration. */
  readonly listeners: readonly InbandListener[];
  /**
   * Replaces the configuration without losing anything: what has not changed stays as it is, with its sockets, idle connections,
   * marks of failed servers and caches. Sessions that run end under the rules with which they began. Resolves with the difference.
   * Rejects with a `ConfigError` that names everything that is wrong or cannot be changed; then nothing has changed.
   */
  reload(config: ConfigInput): Promise<Reloaded>;
  /**
   * Open connections have `grace` milliseconds to finish (default: `shutdown.grace`), then everything is closed.
   * `shutdown.listen` says how long clients are still accepted. Resolves when everything is closed. Of several calls the earliest end counts.
   */
  close(options?: { readonly grace?: number }): Promise<void>;
}

/**
 * Starts a proxy from a configuration of the same shape as the file's. Resolves when every listener accepts.
 * Rejects with a `ConfigError` that names every problem; then nothing is left open. `await using` closes it at the end of the block.
 */
export async function createInband(config: ConfigInput, options: InbandOptions = {}): Promise<Inband> {
  const { parsed, source } = await parseEmbedded(config, options);
  const logging = loggingFor(parsed, source, options);
  const { logger } = logging;
  logWarnings(parsed, logger);
  const listenerFor = ({ log }: Config): SessionListener | undefined =>
    combineListeners([logging.configure(log), options.onSession], logger);
  const onSession = listenerFor(parsed.config);
  const { transport } = options;
  const starting = startInband(parsed, source, { logger, transport, onSession, onReloaded: listenerFor });
  const running = await starting.catch(async (error: unknown) => {
    await logging.close();
    throw error;
  });
  logListeners(parsed, running, logger);
  const close: Inband['close'] = async (how) => {
    await running.close(how);
    await logging.close();
  };
  return {
    get listeners() {
      return running.listeners;
    },
    reload: async (next) => {
      const { parsed: nextParsed, source: nextSource } = await parseEmbedded(next, options);
      const { listeners } = running;
      const reloaded = await running.reload(nextParsed, nextSource);
      logWarnings(nextParsed, logger);
      logReloaded(reloaded, logger);
      logNewListeners(nextParsed, running, listeners, logger);
      return reloaded;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

async function parseEmbedded(
  config: ConfigInput,
  { baseDirectory = process.cwd() }: InbandOptions,
): Promise<{ readonly parsed: ParsedConfig; readonly source: EmbeddedSource }> {
  const source = { value: config, baseDirectory };
  const parsed = await parseConfig(source);
  if (parsed.config.workers === 1) return { parsed, source };
  const message = 'a program that embeds the proxy runs it in its own process; leave "workers" out, or set it to 1.';
  throw errorsOf(source, [{ path: ['workers'], message }]);
}

async function closed(): Promise<void> {}

interface EmbeddedSource extends ConfigSource {
  readonly value: ConfigInput;
}

function loggingFor({ config }: ParsedConfig, source: EmbeddedSource, options: InbandOptions) {
  if (options.logger !== undefined) {
    const logger = guardedLogger(options.logger);
    const onSession: SessionListener = (record) => logger.info(accessFields(record), record.kind);
    return { logger, configure: ({ access }: Config['log']) => (access ? onSession : undefined), close: closed };
  }
  if (source.value.log !== undefined) return openLog(config.log, source);
  return { logger: silentLogger, configure: () => undefined, close: closed };
}
