import { type DirectConnection, formatSockAddr, type Logger } from '@inband/core';

/** Milliseconds that a flood of direct connections gets one line for. */
const QUIET = 1_000;

export const DIRECT =
  'closed a connection that was made straight to a transparent listener: served, it would lead back here; ' +
  'have the packet filter drop what is not intercepted (docs/transparent.md)';

/**
 * What logs the connections that a transparent listener refused. The first at once, then at most one line a second,
 * with the number of those that got none: whoever makes them must not fill the disk.
 */
export function directConnections(logger: Logger, service: string, now = Date.now): (direct: DirectConnection) => void {
  let quietUntil = -Infinity;
  let unmentioned = 0;
  return ({ remote, local, destination }) => {
    const at = now();
    if (at < quietUntil) {
      unmentioned += 1;
      return;
    }
    const fields = {
      client: formatSockAddr(remote),
      local: formatSockAddr(local),
      ...(destination && { destination: formatSockAddr(destination) }),
      service,
      ...(unmentioned > 0 && { unmentioned }),
    };
    quietUntil = at + QUIET;
    unmentioned = 0;
    logger.warn(fields, DIRECT);
  };
}
