/** What a load program saw. Times are in microseconds. */
export interface LoadResult {
  /** Requests, tunnels or volumes that were completed and right. */
  readonly completed: number;
  readonly duration: number;
  readonly p50?: number;
  readonly p99?: number;
  /** What went wrong, in sentences; any makes the measurement void. */
  readonly faults: readonly string[];
}
