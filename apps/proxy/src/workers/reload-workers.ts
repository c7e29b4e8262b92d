import { ProxyError, type SockAddr } from '@inband/core';
import type { FilesRead } from '../config/read/config-files.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Milliseconds for one part of a reload in a worker. Loading a configuration has a limit of its own, and so have look-ups of zones. */
const LIMIT = 30_000;

let lastId = 0;

/** A configuration that is ready in every one of some workers. */
export interface PreparedWorkers {
  /** In the order of the new configuration. */
  readonly addresses: readonly SockAddr[];
  /** All of them switch. One that ends meanwhile is left out. Resolves with the largest number of configurations in use. */
  commit(): Promise<number>;
}

/**
 * Has all of `workers` prepare a new configuration (`files`: what was read of it). The first one prepares alone, because it checks that new
 * addresses are free. `bound`: the addresses, if they are bound already. Rejects if one of them cannot, or ends; then all drop what
 * they have prepared.
 */
export async function prepareWorkers(
  workers: readonly WorkerProcess[],
  files: FilesRead | undefined,
  bound?: readonly SockAddr[],
): Promise<PreparedWorkers> {
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
  worker: WorkerProcess,
  id: number,
  files: FilesRead | undefined,
  bound: readonly SockAddr[] | undefined,
): Promise<readonly SockAddr[]> {
  const report = await worker.ask({ type: 'prepare', id, files, bound }, LIMIT);
  if (report?.type === 'prepared') return report.addresses;
  const message = report?.type === 'refused' ? report.message : `a worker (${worker.pid}) ended or did not answer.`;
  throw new ProxyError('proxy_configuration_error', message);
}

async function commit(workers: readonly WorkerProcess[], id: number): Promise<number> {
  const reports = await Promise.all(workers.map((worker) => worker.ask({ type: 'switch', id }, LIMIT)));
  return Math.max(1, ...reports.map((report) => (report?.type === 'switched' ? report.alive : 1)));
}
