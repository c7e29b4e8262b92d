import { ProxyError } from '@inband/core';
import type { FilesRead } from '../../config/read/config-files.ts';
import type { BoundAddresses } from '../../run/listeners/open-socket.ts';
import type { WorkerProcess } from '../process/worker-process.ts';

/** What a reload needs of a worker process. */
export type ReloadingWorker = Pick<WorkerProcess, 'ask' | 'drop' | 'pid'>;

/** Milliseconds for one part of a reload in a worker. Loading a configuration has a limit of its own, and so have look-ups of zones. */
const LIMIT = 30_000;

let lastId = 0;

/** A configuration that is ready in every one of some workers. */
export interface PreparedWorkers<Worker> {
  /** Of the new configuration. */
  readonly addresses: BoundAddresses;
  /** All workers switch. */
  commit(): Promise<Committed<Worker>>;
}

export interface Committed<Worker> {
  /** The number of the generation that is the current one now. Undefined if none has switched. */
  readonly generation: number | undefined;
  /** The largest number of configurations that a worker has in use. */
  readonly alive: number;
  /** Workers that did not say that they have switched, because they ended or failed. */
  readonly behind: readonly Worker[];
}

/**
 * Has all of `workers` prepare a new configuration (`files`: what was read of it). The first one prepares alone, because it checks that new
 * addresses are free. `bound`: the addresses, if they are bound already. Rejects if one of them cannot, or ends; then all drop what
 * they have prepared.
 */
export async function prepareWorkers<Worker extends ReloadingWorker>(
  workers: readonly Worker[],
  files: FilesRead | undefined,
  bound?: BoundAddresses,
): Promise<PreparedWorkers<Worker>> {
  const [first, ...others] = workers;
  if (first === undefined) throw new ProxyError('proxy_internal_error', 'no worker is running; try again.');
  lastId += 1;
  const id = lastId;
  try {
    const addresses = await prepare(first, id, files, bound);
    await Promise.all(others.map((worker) => prepare(worker, id, files, addresses)));
    return { addresses, commit: () => commit(workers, id) };
  } catch (error) {
    for (const worker of workers) worker.drop(id);
    throw error;
  }
}

async function prepare(
  worker: ReloadingWorker,
  id: number,
  files: FilesRead | undefined,
  bound: BoundAddresses | undefined,
): Promise<BoundAddresses> {
  const report = await worker.ask({ type: 'prepare', id, files, bound }, LIMIT);
  if (report?.type === 'prepared') return report.addresses;
  const message = report?.type === 'refused' ? report.message : `a worker (${worker.pid}) ended or did not answer.`;
  throw new ProxyError('proxy_configuration_error', message);
}

async function commit<Worker extends ReloadingWorker>(
  workers: readonly Worker[],
  id: number,
): Promise<Committed<Worker>> {
  const behind: Worker[] = [];
  let alive = 1;
  let generation: number | undefined;
  const each = workers.map(async (worker) => {
    const report = await worker.ask({ type: 'switch', id }, LIMIT);
    if (report?.type !== 'switched') return void behind.push(worker);
    alive = Math.max(alive, report.alive);
    generation = Math.max(generation ?? 1, report.generation);
  });
  await Promise.all(each);
  return { generation, alive, behind };
}
