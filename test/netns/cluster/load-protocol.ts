/** What the load asks again and again. */
export interface Target {
  /** By which it is reported. */
  readonly name: string;
  /** The address of a member's listener. */
  readonly to: string;
  readonly path?: string;
  readonly perSecond: number;
  /** The statuses that are no failure. Default: 200 only. */
  readonly expected?: readonly number[];
}

/** What came of one target's requests since the last report. */
export interface TargetReport {
  readonly name: string;
  readonly asked: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Each request that had no expected status: what came, and when, in milliseconds after the last report. */
  readonly failures: readonly string[];
  /** Milliseconds from when a request was due to the end of its answer, those with status 200 only, in the order in which they ended. */
  readonly latencies: readonly number[];
}

export type LoadOrder =
  | { readonly type: 'start'; readonly targets: readonly Target[] }
  /** Reports what has ended since the last report. */
  | { readonly type: 'report' }
  /** Asks nothing more, waits for what is open, and reports. */
  | { readonly type: 'finish' };

export interface LoadReport {
  /** Milliseconds for which it has asked since the last report. */
  readonly time: number;
  /** Milliseconds beside these in which it did not run, because the machine did not. */
  readonly halted: number;
  readonly targets: readonly TargetReport[];
}
