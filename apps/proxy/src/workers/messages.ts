import type { SockAddr } from '@inband/core';

/** What the supervisor tells a worker, over the channel between them. */
export type Order =
  | {
      /** Once, first. */
      readonly type: 'start';
      readonly file: string | undefined;
      /**
       * What the supervisor read in the file: a worker that is restarted runs as the others do, whatever stands there
       * by then. Undefined for a module, which each worker loads itself.
       */
      readonly text: string | undefined;
      /** What all workers call themselves where the configuration gives no name: see `processPseudonym`. */
      readonly pseudonym: string;
      /** See `Sharing`. */
      readonly bound: readonly SockAddr[] | undefined;
      /** Which of the workers it is: a number from 1 on, also of the one that takes the place of another. */
      readonly worker: number;
      /** Whether it has been given a `TunnelTable`. */
      readonly hasTunnels: boolean;
    }
  | {
      /** Finish what is running within `grace` milliseconds, and exit. */
      readonly type: 'stop';
      readonly grace: number;
    }
  | {
      /** Exit now. */
      readonly type: 'abort';
    }
  | {
      /** Say that the event loop runs. */
      readonly type: 'ping';
    };

export type Ready = Extract<Report, { type: 'ready' }>;

/** What a worker tells the supervisor. */
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
      /** The answer to a ping, and the first thing that is said. */
      readonly type: 'alive';
    }
  | {
      /** It cannot start, and exits. */
      readonly type: 'failed';
      /** For the operator. */
      readonly message: string;
    };
