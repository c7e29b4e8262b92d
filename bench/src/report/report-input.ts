import type { Machine } from '../processes/machine.ts';
import type { Sample } from '../figures/metrics.ts';
import type { Workload } from '../workloads.ts';

/** A measured program. */
export interface Participant {
  readonly name: string;
  readonly family: 'ours' | 'c' | 'node';
  readonly version: string;
}

/** The properties that may differ between joined runs. */
export interface EarlierRun {
  /** As ISO 8601. */
  readonly date: string;
  readonly fixedRate: number | undefined;
}

/** The input of a report. */
export interface ReportInput {
  readonly workloads: readonly Workload[];
  readonly samples: readonly Sample[];
  readonly participants: readonly Participant[];
  readonly machine: Machine;
  readonly quick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly fixedRate: number | undefined;
  /** When it was run, as ISO 8601. */
  readonly date: string;
  /** Earlier runs whose rounds come before those of this one. */
  readonly earlier?: readonly EarlierRun[];
  /** Notes about missing programs. */
  readonly notes: readonly string[];
  readonly originName: string;
}
