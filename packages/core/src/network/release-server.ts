import { toProxyError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { ServerConnection } from '../session/server-connection.ts';

/**
 * Releases a server connection, or destroys it. It may be a plugin's own: whoever does this has a client to go on with,
 * so that what it throws is a defect in the log, and its connection is closed all the same. `keepFor`: see
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
    logger.error({ err: defect }, 'defect of a plugin: its server connection could not be given back');
    server.connection.destroy(error ?? toProxyError(defect));
  }
}
