import { formatSockAddr } from '../base/address.ts';
import { OccasionalLine } from '../base/occasional-line.ts';
import type { Logger } from '../base/logger.ts';
import type { ClientConnection } from '../session/session.ts';

export const SILENT =
  'an intercepted connection ended before its client asked for anything; where servers speak first (mail, SSH, FTP), ' +
  'nothing works through this proxy: do not intercept that port (docs/transparent.md)';

/** Whether a packet filter brought this client, and nobody but the proxy knows that it came. */
export function isIntercepted({ originalDestination, serverStream }: ClientConnection): boolean {
  return originalDestination !== undefined && serverStream === undefined;
}

/**
 * What logs intercepted clients that ended without a word: there is no request of theirs that could have a line. At most
 * one line a second. `closedBy` tells one that gave up from one that was not waited for any longer.
 */
export function silentClients(
  logger: Logger,
  now?: () => number,
): (client: ClientConnection, closedBy: 'client' | 'proxy') => void {
  const line = new OccasionalLine((fields) => logger.info(fields, SILENT), now);
  return ({ address, originalDestination: destination }, closedBy) =>
    line.tell(() => ({
      client: formatSockAddr(address),
      destination: destination && formatSockAddr(destination),
      closedBy,
    }));
}
