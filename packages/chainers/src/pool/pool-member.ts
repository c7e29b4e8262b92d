import type { TimedCandidate } from './balance/latency.ts';
import { PeakLatency } from './balance/peak-latency.ts';
import { Ejection, type EjectionOptions } from './health/ejection.ts';

/** What the configuration says of a server of a pool. */
export interface MemberOptions {
  /** Its share of the sessions. Default: 1. */
  readonly weight?: number | undefined;
  /** Gets sessions only while no other server is up. */
  readonly backup?: boolean | undefined;
  /** Sessions at one time. Default: no limit. */
  readonly maxConnections?: number | undefined;
}

/** A server of a pool, with what this process knows of it. */
export class PoolMember implements TimedCandidate {
  readonly id: string;
  /** Its place in the configuration. */
  readonly index: number;
  readonly weight: number;
  readonly isBackup: boolean;
  readonly maxConnections: number;
  readonly latency = new PeakLatency();
  readonly ejection: Ejection;
  inFlight = 0;
  /** What it failed with last, in one sentence, and when (`Date.now`). Undefined once it is well. */
  failure: { readonly why: string; readonly since: number } | undefined = undefined;

  constructor(id: string, index: number, options: MemberOptions, ejection: EjectionOptions) {
    this.id = id;
    this.index = index;
    this.weight = options.weight ?? 1;
    this.isBackup = options.backup === true;
    this.maxConnections = options.maxConnections ?? Infinity;
    this.ejection = new Ejection(ejection);
  }

  get isFull(): boolean {
    return this.inFlight >= this.maxConnections;
  }
}
