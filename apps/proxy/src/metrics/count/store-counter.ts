import type { StoreCallResult } from '@inband/store';
import type { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { CLUSTER_METRICS, valuesOf } from '../definitions.ts';
import { BoundedSeries } from './bounded-series.ts';

const M = CLUSTER_METRICS;

/** What gauges show of a cluster. */
export interface ClusterGauges {
  readonly isUp: boolean;
  readonly members: number;
  /** Of what is pushed to all members; undefined where nothing is pushed to this one. */
  readonly config: ConfigGauges | undefined;
}

/** What gauges show of the configuration of all members. */
export interface ConfigGauges {
  /** What this member runs; 0: its own file. */
  readonly version: number;
  /** Whether it should run another one, and cannot. */
  readonly isFailed: boolean;
  /** Seconds since the store was last read. */
  readonly stale: number;
}

/** Counts what becomes of calls of the store, and who decides about limits, in the process that has the store. */
export class StoreCounter {
  readonly #writer: SeriesWriter;
  readonly #gauges: () => ClusterGauges;
  readonly #calls: BoundedSeries;
  readonly #leases: BoundedSeries;
  /** In milliseconds. */
  readonly #bounds = M.seconds.buckets.map((bound) => bound * 1_000);
  readonly #durations: number;

  constructor(writer: SeriesWriter, gauges: () => ClusterGauges) {
    this.#writer = writer;
    this.#gauges = gauges;
    this.#calls = new BoundedSeries(writer, M.calls, (result) => [result]);
    this.#leases = new BoundedSeries(writer, M.leases, (decided) => [decided]);
    this.#durations = writer.place(M.seconds.name, [], valuesOf(M.seconds));
  }

  /** A call has ended, after `milliseconds`. */
  readonly called = (result: StoreCallResult, milliseconds: number): void => {
    this.#calls.add(result);
    // What was not made took no time.
    if (result === 'away') return;
    const { values } = this.#writer;
    const found = this.#bounds.findIndex((bound) => milliseconds <= bound);
    const { length } = this.#bounds;
    const bucket = this.#durations + (found < 0 ? length : found);
    const sum = this.#durations + length + 1;
    values[bucket] = values[bucket]! + 1;
    values[sum] = values[sum]! + milliseconds / 1_000;
  };

  /** A process has asked for a part of a limit. */
  readonly lent = (decided: 'store' | 'away'): void => this.#leases.add(decided);

  /** Called once a second. */
  take(): void {
    const { isUp, members, config } = this.#gauges();
    this.#set(M.up.name, isUp ? 1 : 0);
    this.#set(M.members.name, members);
    if (config === undefined) return;
    this.#set(M.version.name, config.version);
    this.#set(M.failed.name, config.isFailed ? 1 : 0);
    this.#set(M.stale.name, config.stale);
  }

  #set(name: string, value: number): void {
    this.#writer.values[this.#writer.place(name, [])] = value;
  }
}
