import type { ProcessOutcome } from '../admin/questions/answers-of.ts';
import type { Outcome } from '../admin/questions/process-question.ts';
import type { InheritedSockets } from '../handover/inherited-sockets.ts';
import { lentFrom } from '../handover/take-over.ts';
import type { LentSocket } from '../handover/upgrade.ts';
import type { WorkerProcess } from './process/worker-process.ts';

/** Milliseconds for a worker to answer the admin API, which itself waits two seconds. */
const LONGEST_ANSWER = 1_500;
/** Milliseconds for a worker to lend its sockets. */
const LONGEST_SHARING = 5_000;

type ReadyWorker = Pick<WorkerProcess, 'answer' | 'share' | 'silence'>;

export interface ReadyWorkersDeps {
  /** By number. It changes while they come and go. */
  readonly workers: ReadonlyMap<number, ReadyWorker>;
  /** How many there should be. */
  readonly size: () => number;
  /** The listening sockets that this process was started with. */
  readonly inherited: InheritedSockets;
}

/** Asks the workers that accept clients. It starts and ends none: see `WorkerGroup`. */
export class ReadyWorkers {
  readonly #workers: ReadonlyMap<number, ReadyWorker>;
  readonly #size: () => number;
  readonly #inherited: InheritedSockets;

  constructor({ workers, size, inherited }: ReadyWorkersDeps) {
    this.#workers = workers;
    this.#size = size;
    this.#inherited = inherited;
  }

  /** Milliseconds since the last sign of life of the slowest worker that accepts clients. Undefined if there is none. */
  get silence(): number | undefined {
    const all = [...this.#workers.values()].map(({ silence }) => silence);
    return all.length === 0 ? undefined : Math.max(...all);
  }

  /** Workers that accept clients. */
  get count(): number {
    return this.#workers.size;
  }

  /** Asks any that accepts clients, for at most `limit` milliseconds. Resolves with undefined if it does not answer. */
  async askAny(question: string, argument: unknown, limit: number): Promise<Outcome | undefined> {
    const [worker] = this.#workers.values();
    return worker?.answer(question, argument, limit);
  }

  /** Asks one. */
  async ask(worker: number, question: string, argument: unknown): Promise<ProcessOutcome> {
    const outcome = await this.#workers.get(worker)?.answer(question, argument, LONGEST_ANSWER);
    return { worker, outcome };
  }

  /** Asks every worker that there should be. */
  async askAll(question: string, argument: unknown): Promise<ProcessOutcome[]> {
    const numbers = Array.from({ length: this.#size() }, (_, index) => index + 1);
    return Promise.all(numbers.map((worker) => this.ask(worker, question, argument)));
  }

  /** The listening sockets of all workers, for a successor. */
  async share(): Promise<LentSocket[]> {
    const all = [...this.#workers.values()].map((worker) => worker.share(LONGEST_SHARING));
    const results = await Promise.allSettled(all);
    const failure = results.find((result) => result.status === 'rejected');
    const lent = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (failure === undefined) return [...lent, ...lentFrom(this.#inherited)];
    for (const socket of lent) socket.release();
    throw failure.reason;
  }
}
