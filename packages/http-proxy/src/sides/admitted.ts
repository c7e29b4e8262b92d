import type { HostPort, Route } from '@inband/core';

/**
 * A client's last request that was admitted. The next one on the same connection is mostly for the same server, and what was looked at
 * then is the same now.
 */
export interface Admitted {
  readonly target: HostPort;
  readonly method: string;
  /** As the client wrote it, where routes look at it. */
  readonly path: string | undefined;
  readonly route: Route;
  /** The policy's generation at that time, because zones may hold other addresses since. */
  readonly generation: number;
}
