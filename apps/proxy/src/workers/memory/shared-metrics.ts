import { MAX_WORKERS } from '../../config/known/constants.ts';
import type { Config } from '../../config/schema/schema.ts';
import { countInto, countSupervisor, wantsMetrics } from '../../metrics/count/if-configured.ts';
import type { ProcessMetrics } from '../../metrics/count/process-metrics.ts';
import type { SupervisorMetrics } from '../../metrics/count/supervisor-metrics.ts';
import { type SegmentSource, sharedMemory, writtenMemory } from '../../shared-memory/memory.ts';
import { SEGMENT_LENGTH } from '../../shared-memory/series-format.ts';
import { openUnnamedFile } from '../../shared-memory/unnamed-file.ts';

/** The descriptor of the memory of the metrics in a worker: the one after that of the tunnels. */
export const METRICS_DESCRIPTOR = 5;

/** What the supervisor counts, and the memory of all processes. */
export interface SharedMetrics {
  readonly metrics: SupervisorMetrics;
  readonly descriptor: number;
  readonly source: SegmentSource;
}

/** Makes the memory for the supervisor and the workers. Undefined where nothing is to be counted, or no file can be made. */
export async function shareMetrics(config: Config, droppedLines: () => number): Promise<SharedMetrics | undefined> {
  if (!wantsMetrics(config)) return undefined;
  const descriptor = openUnnamedFile((MAX_WORKERS + 1) * SEGMENT_LENGTH);
  if (descriptor === undefined) return undefined;
  // It counts so little that it need not load what maps memory.
  const metrics = await countSupervisor(writtenMemory(descriptor, 0), droppedLines);
  return { metrics, descriptor, source: { kind: 'file', descriptor } };
}

/** Begins to count in a worker, which goes on with what the one before it has counted. */
export async function countInWorker(
  config: Config,
  { worker, hasMetrics }: { readonly worker: number; readonly hasMetrics: boolean },
  droppedLines: () => number,
): Promise<ProcessMetrics | undefined> {
  if (!hasMetrics) return undefined;
  return countInto(sharedMemory(METRICS_DESCRIPTOR, worker), config, droppedLines);
}
