import type { RetriedFailures, ServerFailure } from '@inband/core';
import { RetryBudget } from './retry-budget.ts';

/**
 * What a request is sent to another server for.
 *
 * - `connect`: no connection came about. Nothing was sent then, so that this holds for all requests, and costs nothing of the budget.
 * - `reset`: the server closed the connection without a byte of an answer.
 * - `timeout`: no byte of an answer came within `perTry`.
 * - a status from 500 to 599.
 */
export type RetryCause = 'connect' | 'reset' | 'timeout' | number;

export interface RetryOptions {
  readonly on: readonly RetryCause[];
  /** Retries for each request, from 0 to 1. */
  readonly budget: number;
  /** Milliseconds. Default: `http.responseTimeout` of the service. */
  readonly perTry?: number | undefined;
}

export const DEFAULT_RETRY: RetryOptions = { on: ['connect', 'reset'], budget: 0.2 };

/** Which failures of servers are retried by a pool, and how many. */
export class RetryPolicy {
  readonly budget: RetryBudget;
  /** Whether a session that could not be connected gets another server. */
  readonly isForConnect: boolean;
  /** What a chainer with this pool is asked about. */
  readonly failures: RetriedFailures | undefined;
  readonly #on: ReadonlySet<RetryCause>;

  /** `now`: the time, in milliseconds. */
  constructor({ on, budget, perTry = Infinity }: RetryOptions, now: number) {
    this.budget = new RetryBudget(budget, now);
    this.#on = new Set(on);
    this.isForConnect = this.#on.has('connect');
    const statuses = new Set(on.filter((cause) => typeof cause === 'number'));
    const timeout = this.#on.has('timeout') ? perTry : undefined;
    this.failures = statuses.size === 0 && timeout === undefined ? undefined : { statuses, timeout };
  }

  /** Whether such a failure is retried at all. */
  isFor(failure: ServerFailure): boolean {
    return this.#on.has(failure.cause === 'status' ? failure.status : failure.cause);
  }
}
