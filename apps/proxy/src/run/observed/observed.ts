import type { Logger, SessionListener } from '@inband/core';
import { ConnectTimes } from '../../observe/connect-times.ts';
import { LogTap } from '../../observe/log-tap.ts';
import { Recent } from '../../observe/recent.ts';
import { type InUse, PoolsInUse } from './pools-in-use.ts';

/** What a process keeps for the admin API. It exists only where that is configured, or a store that machines share. */
export class Observed {
  readonly recent = new Recent();
  readonly connectTimes = new ConnectTimes();
  readonly pools: PoolsInUse;
  readonly tap = new LogTap();

  constructor(current: InUse, logger: Logger) {
    this.pools = new PoolsInUse(current, logger);
  }

  /** Looks on at the end of sessions, and passes them on to `listener`. */
  beside(listener: SessionListener | undefined): SessionListener {
    const { recent, connectTimes, pools, tap } = this;
    return (record) => {
      listener?.(record);
      const { session, error } = record;
      if (error !== undefined) recent.note(record);
      if (session.attempts !== undefined && session.route !== undefined) {
        connectTimes.note(record, pools.under(session.route.chainer));
      }
      if (tap.isOn) tap.session(record);
    };
  }
}
