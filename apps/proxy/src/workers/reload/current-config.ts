import type { Logger } from '@inband/core';
import type { FilesRead } from '../../config/read/config-files.ts';
import type { BoundAddresses } from '../../run/listeners/open-socket.ts';
import { prepareWorkers, type ReloadingWorker } from './reload-workers.ts';
import type { WorkerProcess } from '../process/worker-process.ts';

/** Milliseconds for a worker to write its last lines before it is killed. */
export const LAST_WORDS = 500;

/** What it needs of a worker process. */
type Worker = ReloadingWorker & Pick<WorkerProcess, 'abort'>;

/** What all workers have switched to. */
export interface Switched {
  /** The largest number of configurations that a worker has in use. */
  readonly alive: number;
  readonly addresses: BoundAddresses;
}

/** The configuration that all workers have, or get, and with which the next one starts. */
export class CurrentConfig {
  readonly #logger: Logger;
  /** Whether all workers end, so that none needs another configuration. */
  readonly #isEnding: () => boolean;
  #files: FilesRead | undefined = undefined;
  #generation = 1;
  #bound: BoundAddresses | undefined = undefined;

  constructor(logger: Logger, isEnding: () => boolean) {
    this.#logger = logger;
    this.#isEnding = isEnding;
  }

  /** What was read of it. */
  get files(): FilesRead | undefined {
    return this.#files;
  }

  /** Its number, which all workers have, whenever they were started. */
  get generation(): number {
    return this.#generation;
  }

  /** The addresses that it is bound to, once that is known. */
  get bound(): BoundAddresses | undefined {
    return this.#bound;
  }

  /** The first one. */
  begin(files: FilesRead | undefined): void {
    this.#files = files;
  }

  isBound(addresses: BoundAddresses): void {
    this.#bound = addresses;
  }

  /** Makes another one the current one of all `workers`, or of none: rejects if one of them cannot, and then nothing has changed. */
  async replace(workers: readonly Worker[], files: FilesRead | undefined): Promise<Switched> {
    const prepared = await prepareWorkers(workers, files);
    // From here on it has won.
    this.#files = files;
    this.#bound = prepared.addresses;
    const { generation = this.#generation, alive, behind } = await prepared.commit();
    this.#generation = generation;
    for (const worker of behind) this.#end(worker);
    return { alive, addresses: prepared.addresses };
  }

  /** A worker that was started with another configuration (`files`) gets the current one, or is started again. */
  async catchUp(worker: Worker, files: FilesRead | undefined): Promise<void> {
    if (files === this.#files || this.#isEnding()) return;
    const current = this.#files;
    try {
      const prepared = await prepareWorkers([worker], current, this.#bound);
      const { behind } = await prepared.commit();
      if (behind.length > 0) return this.#end(worker);
      await this.catchUp(worker, current);
    } catch (error) {
      if (this.#isEnding()) return;
      this.#logger.error({ err: error, workerPid: worker.pid }, 'a worker cannot take the current configuration');
      await worker.abort(LAST_WORDS);
    }
  }

  /** Ends a worker that has not switched. The one that is started instead has the current configuration. */
  #end(worker: Worker): void {
    // One that ends switches to nothing any more, and has its clients to finish.
    if (this.#isEnding()) return;
    this.#logger.error({ workerPid: worker.pid }, 'a worker did not switch to the new configuration; ending it');
    void worker.abort(LAST_WORDS);
  }
}
