/** Fuzzes one target in a thread, because an input may keep it for ever. */
import { parentPort, workerData } from 'node:worker_threads';
import { targets } from '../targets/all.ts';
import { CurrentInput } from './current-input.ts';
import { fuzz, minimise } from './fuzzer.ts';

export interface WorkerTask {
  readonly name: string;
  readonly corpus: readonly Uint8Array[];
  readonly seed: number;
  readonly time: number;
  /** The corpus is to be reduced to what is needed. */
  readonly minimise: boolean;
  readonly memory: SharedArrayBuffer;
}

const task = workerData as WorkerTask;
const target = targets.find(({ name }) => name === task.name);
if (target === undefined) throw new Error(`There is no target ${task.name}.`);
const current = new CurrentInput(task.memory);
const corpus = task.corpus.map((bytes) => Buffer.from(bytes));
const fuzzed = await fuzz(target, { ...task, corpus, begins: (input) => current.begins(input) });
const chosen = task.minimise && fuzzed.finding === undefined ? await minimise(target, fuzzed.corpus) : fuzzed.corpus;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
parentPort?.postMessage({ ...fuzzed, corpus: chosen });
