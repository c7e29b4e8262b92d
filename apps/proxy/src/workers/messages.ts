import type { SockAddr } from '@inband/core';
import type { FilesRead } from '../config/read/config-files.ts';

/** A message from the supervisor to a worker. */
export type Order =
  | {
      /** Once, first. */
      readonly type: 'start';
      readonly file: string | undefined;
      /**
       * The content of the configuration's files as the supervisor has read them, so that a restarted worker runs with the same
       * configuration as the others. Undefined for a module, which each worker loads itself.
       */
      readonly files: FilesRead | undefined;
      /** The name of all workers in `Via` if the configuration has none: see `processPseudonym`. */
      readonly pseudonym: string;
      /** See `Sharing`. */
      readonly bound: readonly SockAddr[] | undefined;
      /** The number of the worker, from 1. A restarted worker has the number of the one before it. */
      readonly worker: number;
      /** Whether the worker has inherited a `TunnelTable`. */
      readonly hasTunnels: boolean;
    }
  | {
      /** Shut down within `grace` milliseconds, and exit. */
      readonly type: 'stop';
      readonly grace: number;
    }
  | {
      /** Exit now. */
      readonly type: 'abort';
    }
  | {
      /** Answer with `alive`. */
      readonly type: 'ping';
    };

export type Ready = Extract<Report, { type: 'ready' }>;

/** A message from a worker to the supervisor. */
export type Report =
  | {
      /** Every listener accepts. */
      readonly type: 'ready';
      /** In the order of the configuration. */
      readonly addresses: readonly SockAddr[];
      /** See `StartedInband`. */
      readonly transport: string;
      readonly why: string | undefined;
    }
  | {
      /** The answer to a ping, and the first message. */
      readonly type: 'alive';
    }
  | {
      /** The worker cannot start, and exits. */
      readonly type: 'failed';
      /** For the operator. */
      readonly message: string;
    };
