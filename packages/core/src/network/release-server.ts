import { toProxyError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { ServerConnection } from '../session/server-connection.ts';

/**
 * Releases a server connection, or destroys it. Never throws, because it may be a plugin's own and the caller has to go on
 * with its client: what it throws is a defect in the log, and its connection is destroyed. `keepFor`: see
 * `ServerConnection.release`.
 */
export function releaseServer(
  server: ServerConnection,
  isClean: boolean,
  logger: Logger,
  error?: Error,
  keepFor?: number,
): void {
  try {
    if (isClean) server.release(keepFor);
    else server.destroy(error);
  } catch (defect) {
    logger.error({ err: defect }, 'defect of a plugin: its server connection could not be released');
    server.connection.destroy(error ?? toProxyError(defect));
  }
}
