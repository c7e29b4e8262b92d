import { Worker } from 'node:worker_threads';
import { CurrentInput } from './current-input.ts';
import type { Fuzzed } from './fuzzer.ts';
import type { WorkerTask } from './worker.ts';

/** Milliseconds that one input may take, on a machine that is busy. */
const LONGEST_RUN = 60_000;
const LOOK = 1000;

/** Fuzzes a target in a thread. An input from which it does not come back is a finding. */
export function runTarget(file: string, task: Omit<WorkerTask, 'memory'>): Promise<Fuzzed> {
  const current = new CurrentInput();
  const worker = new Worker(file, { workerData: { ...task, memory: current.memory } satisfies WorkerTask });
  return new Promise((resolve, reject) => {
    let number = current.number;
    let since = performance.now();
    const settle = (fuzzed: Fuzzed): void => {
      clearInterval(timer);
      void worker.terminate();
      resolve(fuzzed);
    };
    const failed = (error: string): void =>
      settle({ runs: current.number, corpus: [], branches: 0, covered: 0, finding: { input: current.input, error } });
    const timer = setInterval(() => {
      if (current.number !== number) {
        number = current.number;
        since = performance.now();
      } else if (number > 0 && performance.now() - since > LONGEST_RUN)
        failed(`It took longer than ${LONGEST_RUN / 1000} s.`);
    }, LOOK);
    worker.on('message', ({ finding, corpus, ...counts }: Fuzzed) => {
      const found = finding === undefined ? undefined : { ...finding, input: Buffer.from(finding.input) };
      settle({ ...counts, corpus: corpus.map((bytes) => Buffer.from(bytes)), finding: found });
    });
    // What nothing catches: of a timer, or a promise that nobody waits for.
    worker.on('error', (error: Error) => {
      if (current.number > 0) failed(error.stack ?? error.message);
      else {
        clearInterval(timer);
        reject(error);
      }
    });
  });
}
