import { type DirectConnection, formatSockAddr, type Logger, RateLimitedLine } from '@inband/core';

export const DIRECT =
  'closed a connection that was made straight to a transparent listener: served, it would lead back here; ' +
  'have the packet filter drop what is not intercepted (docs/transparent.md)';

/** Logs the connections that a transparent listener refused, at most one line a second. */
export function directConnections(logger: Logger, service: string, now = Date.now): (direct: DirectConnection) => void {
  const line = new RateLimitedLine((fields) => logger.warn(fields, DIRECT), now);
  return ({ remote, local, destination }) =>
    line.log(() => ({
      client: formatSockAddr(remote),
      local: formatSockAddr(local),
      ...(destination && { destination: formatSockAddr(destination) }),
      service,
    }));
}
