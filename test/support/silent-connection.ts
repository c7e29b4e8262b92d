import { type Connection, ignoreEvents } from '@inband/core';

/** A connection that nothing comes from and that takes everything. */
export function silentConnection(local: Connection['local'], remote: Connection['remote']): Connection {
  return {
    local,
    remote,
    handler: ignoreEvents,
    queued: 0,
    write: () => true,
    pause() {},
    resume() {},
    end() {},
    destroy() {},
  };
}
