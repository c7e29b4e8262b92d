import type { AccessOptions, AdminOptions, LogLevel, Problem, TlsOptions } from '@inband/admin';
import type { ShownMetrics } from '../../metrics/show/metrics-view.ts';

/** What a thread starts with. */
export interface ThreadData {
  readonly options: AdminOptions;
  /** Undefined where nothing is counted. */
  readonly metrics: ShownMetrics | undefined;
  /** Names of tokens that are refused. */
  readonly revoked: readonly string[];
}

/** A message to the thread. */
export type ToThread =
  | {
      /** To the question with this id: either of both. */
      readonly type: 'answer';
      readonly id: number;
      readonly answer?: unknown;
      readonly problem?: Problem;
    }
  | {
      /** The configuration has changed. */
      readonly type: 'configure';
      readonly access: AccessOptions;
      readonly tls: TlsOptions | undefined;
    }
  | {
      /** From now on these tokens are refused, and no others. */
      readonly type: 'revoked';
      readonly names: readonly string[];
    }
  | {
      /** Close every connection, and end. */
      readonly type: 'close';
    };

/** A message of the thread. */
export type FromThread =
  | {
      readonly type: 'listening';
      readonly address: string;
    }
  | {
      /** It cannot listen, and ends. */
      readonly type: 'failed';
      readonly message: string;
    }
  | {
      readonly type: 'question';
      readonly id: number;
      readonly question: string;
      readonly argument: unknown;
    }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly fields: object;
      readonly message: string;
    };
