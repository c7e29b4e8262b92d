import { type Logger, ProxyError, type SockAddr } from '@inband/core';
import { BackOff } from './back-off.ts';
import type { Ready } from './messages.ts';
import { type WorkerEnd, WorkerProcess } from './worker-process.ts';

/** Milliseconds beyond the grace, for closing what did not finish and for the log, before a worker is killed. */
const LATE = 3_000;
/** Milliseconds that a worker gets when there is no time. */
const LAST_WORDS = 500;

export interface CrewOptions {
  readonly size: number;
  readonly file: string | undefined;
  /** See `Order`. */
  readonly text: string | undefined;
  readonly logger: Logger;
}

/** The workers: started together, kept at their number, and ended together. Each process belongs to this. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #running = new Set<WorkerProcess>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  #bound: readonly SockAddr[] | undefined = undefined;
  #isEnding = false;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what the first worker reports when every one accepts. That one binds alone, so that what cannot work
   * is found, and said, once. Rejects when one ends before it is ready; the caller then aborts the others. From then on
   * workers that end are restarted.
   */
  async start(): Promise<Ready> {
    const first = this.#fork();
    const ready = await readyOf(1, first);
    this.#bound = ready.addresses;
    if (this.#isEnding) throw new ProxyError('proxy_internal_error', 'inband: it was stopped while starting.');
    const workers = [first];
    while (workers.length < this.#options.size) workers.push(this.#fork());
    await Promise.all(workers.map((worker, index) => readyOf(index + 1, worker)));
    for (const [index, worker] of workers.entries()) this.#watch(index + 1, worker, new BackOff());
    return ready;
  }

  /** Lets all finish what is running within `grace` milliseconds; whoever does not end then is killed. */
  async stop(grace: number): Promise<void> {
    await this.#end((worker) => worker.stop(grace, LATE));
  }

  /** Ends all at once. */
  async abort(): Promise<void> {
    await this.#end((worker) => worker.abort(LAST_WORDS));
  }

  async #end(how: (worker: WorkerProcess) => Promise<void>): Promise<void> {
    this.#isEnding = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    await Promise.all([...this.#running].map(how));
  }

  #fork(): WorkerProcess {
    const { file, text } = this.#options;
    const worker = new WorkerProcess({ type: 'start', file, text, bound: this.#bound });
    this.#running.add(worker);
    void worker.ended.then(() => this.#running.delete(worker));
    return worker;
  }

  /** Restarts a worker when it ends, and the one after it. */
  #watch(number: number, worker: WorkerProcess, backOff: BackOff): void {
    void worker.ended.then((end) => {
      const { code, signal, failure, ran } = end;
      const fields = { worker: number, workerPid: worker.pid, code, signal, detail: failure };
      if (this.#isEnding) {
        if (code !== 0) this.#options.logger.warn(fields, 'a worker did not end in an orderly way');
        return;
      }
      const restartIn = backOff.after(ran);
      // 0: somebody asked this one to stop, and it finished what it had.
      if (code === 0) this.#options.logger.warn({ ...fields, restartIn }, 'a worker ended');
      else this.#options.logger.error({ ...fields, restartIn }, 'a worker died; its connections are lost');
      const timer = setTimeout(() => {
        this.#restarts.delete(timer);
        this.#restart(number, backOff);
      }, restartIn);
      this.#restarts.add(timer);
    });
  }

  #restart(number: number, backOff: BackOff): void {
    const worker = this.#fork();
    this.#watch(number, worker, backOff);
    void worker.ready.then((ready) => {
      if (ready !== undefined) this.#options.logger.info({ worker: number, workerPid: worker.pid }, 'restarted');
    });
  }
}

async function readyOf(number: number, worker: WorkerProcess): Promise<Ready> {
  const ready = await worker.ready;
  return ready ?? Promise.reject(startError(number, await worker.ended));
}

function startError(number: number, { code, signal, failure }: WorkerEnd): ProxyError {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  return new ProxyError(
    'proxy_internal_error',
    failure ?? `inband: worker ${number} ended with ${how} while starting.`,
  );
}
