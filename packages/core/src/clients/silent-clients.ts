import { formatSockAddr } from '../base/address.ts';
import { RateLimitedLine } from '../base/rate-limited-line.ts';
import type { Logger } from '../base/logger.ts';
import type { ClientConnection } from '../session/session-view.ts';

export const SILENT =
  'an intercepted connection ended before its client asked for anything; where servers speak first (mail, SSH, FTP), ' +
  'nothing works through this proxy: do not intercept that port (docs/transparent.md)';

/** Whether this client was intercepted by a packet filter, and does not come from an outer proxy. */
export function isIntercepted({ originalDestination, serverStream }: ClientConnection): boolean {
  return originalDestination !== undefined && serverStream === undefined;
}

/**
 * Returns the function that logs intercepted clients that ended without sending a byte, because they have no request with a
 * line of its own. At most one line per second. `closedBy` distinguishes a client that gave up from a timeout of ours.
 */
export function silentClients(
  logger: Logger,
  now?: () => number,
): (client: ClientConnection, closedBy: 'client' | 'proxy') => void {
  const line = new RateLimitedLine((fields) => logger.info(fields, SILENT), now);
  return ({ address, originalDestination: destination }, closedBy) =>
    line.log(() => ({
      client: formatSockAddr(address),
      destination: destination && formatSockAddr(destination),
      closedBy,
    }));
}
