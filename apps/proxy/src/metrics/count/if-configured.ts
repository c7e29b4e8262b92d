import type { Config } from '../../config/schema/schema.ts';
import { ownMemory, type SegmentMemory, type SegmentSource } from '../../shared-memory/memory.ts';
import { SEGMENT_LENGTH } from '../../shared-memory/series-format.ts';
import type { ProcessMetrics } from './process-metrics.ts';
import type { ReloadCounter } from './reload-counter.ts';
import type { SupervisorMetrics } from './supervisor-metrics.ts';

/** What a process counts that has no workers, and where it is read. */
export interface OwnMetrics {
  readonly metrics: ProcessMetrics;
  readonly source: SegmentSource;
}

/** Whether anything is counted. Where not, nothing of it is loaded. */
export function wantsMetrics({ metrics, admin }: Config): boolean {
  return metrics !== undefined || admin !== undefined;
}

/** Begins to count in a process without workers. `droppedLines`: of its log. */
export async function countAlone(config: Config, droppedLines: () => number): Promise<OwnMetrics | undefined> {
  if (!wantsMetrics(config)) return undefined;
  const buffer = new SharedArrayBuffer(SEGMENT_LENGTH);
  const metrics = await countInto(ownMemory(buffer), config, droppedLines);
  return { metrics, source: { kind: 'own', buffer } };
}

/** Begins to count in memory that others have made. */
export async function countInto(
  memory: SegmentMemory,
  { metrics }: Config,
  droppedLines: () => number,
): Promise<ProcessMetrics> {
  const { ProcessMetrics: Counting } = await import('./process-metrics.ts');
  return new Counting({ memory, hosts: metrics?.hosts ?? 0, byRoute: metrics?.routes ?? true, droppedLines });
}

/** Begins to count in the process that starts the workers. */
export async function countSupervisor(memory: SegmentMemory, droppedLines: () => number): Promise<SupervisorMetrics> {
  const { SupervisorMetrics: Counting } = await import('./supervisor-metrics.ts');
  return new Counting(memory, droppedLines);
}

/** Runs a reload, and counts how it ends, where anything is counted. */
export function countReload<T>(
  metrics: { readonly reloads: ReloadCounter } | undefined,
  reload: () => Promise<T>,
): Promise<T> {
  return metrics === undefined ? reload() : metrics.reloads.count(reload());
}
