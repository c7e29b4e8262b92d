/** The result of a load program. Times are in microseconds. */
export interface LoadResult {
  /** The number of requests, tunnels or volumes that were completed and correct. */
  readonly completed: number;
  readonly duration: number;
  readonly p50?: number;
  readonly p99?: number;
  /** Sentences that say what went wrong. Any of them makes the measurement void. */
  readonly faults: readonly string[];
}

/** Whether a message of a load program is its result. */
export function isLoadResult(message: unknown): message is LoadResult {
  if (typeof message !== 'object' || message === null) return false;
  return 'completed' in message && 'duration' in message && 'faults' in message && Array.isArray(message.faults);
}
