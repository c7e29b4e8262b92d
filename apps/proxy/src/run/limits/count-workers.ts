import { availableParallelism } from 'node:os';
import type { Config } from '../../config/schema/schema.ts';

/** The number of processes that a configuration asks for on this machine. */
export function countWorkers(workers: Config['workers']): number {
  return workers === 'auto' ? availableParallelism() : workers;
}
