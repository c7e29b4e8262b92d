import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { parseMemory, readTree, timeOf } from '../processes/proc.ts';
import type { Case } from './cases.ts';

/** What one start took. */
export interface Start {
  /** Milliseconds from the start of the process until a connection to it succeeds. */
  readonly accepted: number;
  /** Milliseconds of processor time until it had been idle for some seconds. */
  readonly processor: number;
  /** Bytes (PSS) of the process then, and of each worker. */
  readonly memory: readonly number[];
}

/** Milliseconds, in which a process becomes idle. */
const SETTLING = 3_000;
/** Milliseconds. */
const LONGEST_START = 60_000;

/** Starts a program, waits until it accepts a connection and is idle, and ends it. */
export async function measureStart({ name, args, cache }: Case, port: number): Promise<Start> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, { env: environment(cache), stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    while (!(await accepts(port))) {
      if (child.exitCode !== null || performance.now() - begun > LONGEST_START)
        throw new Error(`${name} did not start.`);
      await wait(1);
    }
    const accepted = performance.now() - begun;
    await wait(SETTLING);
    return { accepted, ...usageOf(child) };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Of this process, with a compile cache only if it is in `cache`. */
function environment(cache: string | undefined): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE: _other, NODE_DISABLE_COMPILE_CACHE: _off, ...own } = process.env;
  if (cache === undefined) return { ...own, NODE_DISABLE_COMPILE_CACHE: '1' };
  return { ...own, CACHE_DIRECTORY: cache };
}

function usageOf({ pid = 0 }: ChildProcess): Pick<Start, 'processor' | 'memory'> {
  const tree = readTree(pid);
  const { user, system } = timeOf(tree);
  const memory = tree.map((each) => parseMemory(readFileSync(`/proc/${each.pid}/smaps_rollup`, 'utf8')).pss);
  return { processor: (user + system) / 1000, memory };
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
