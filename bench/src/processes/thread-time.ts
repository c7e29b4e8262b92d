import { readdirSync, readFileSync } from 'node:fs';
import { readTree } from './proc.ts';

/** Processor time of a running process and its descendants, in microseconds, to the nanosecond (proc(5), schedstat). */
export interface ThreadTime {
  /** Of all threads that have not ended. */
  readonly all: number;
  /** Of the first thread of each process. */
  readonly main: number;
}

/** What a thread that runs at this moment has used since its last tick is not in it. */
export function readThreadTime(root: number): ThreadTime {
  let all = 0;
  let main = 0;
  for (const { pid } of readTree(root)) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
      const time = Number(nanoseconds) / 1_000;
      all += time;
      if (thread === String(pid)) main += time;
    }
  }
  return { all, main };
}
