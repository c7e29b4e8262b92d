import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** How many modules a program and its workers compiled, and how many they took from the compile cache. */
export interface Compiled {
  readonly accepted: number;
  readonly rejected: number;
  readonly compiled: number;
  /** Files that were written to the cache. */
  readonly written: number;
}

/** Of this process, with caches in `folder`. Without that of the tool that runs the tests. */
export function cachingIn(folder: string): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE: _ofTests, NODE_DISABLE_COMPILE_CACHE: _off, ...others } = process.env;
  return { ...others, XDG_CACHE_HOME: folder, CACHE_DIRECTORY: '' };
}

/**
 * Starts a program, waits until each of its `processes` has written what it compiled, and ends it. What is compiled for the end does not
 * count.
 */
export async function compiledBy(
  node: string,
  args: readonly string[],
  cache: string,
  processes: number,
): Promise<Compiled> {
  // A file, because Node.js drops what a full pipe does not take.
  const notes = join(cache, 'notes.txt');
  const file = await open(notes, 'w');
  const env = { ...cachingIn(cache), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  const child = spawn(node, args, { env, stdio: ['ignore', 'ignore', file.fd] });
  const ended = once(child, 'exit');
  await file.close();
  let text = '';
  while (count(text, /Clear deserialized cache/g) < processes && child.exitCode === null) {
    await setTimeout(50);
    text = await readFile(notes, 'utf8');
  }
  child.kill('SIGTERM');
  await ended;
  return {
    accepted: count(text, / was accepted,/g),
    rejected: count(text, / was rejected,/g),
    compiled: count(text, / was not initialized,/g),
    written: count(text, /\] Renaming .*success$/gm),
  };
}

function count(text: string, pattern: RegExp): number {
  return Array.from(text.matchAll(pattern)).length;
}
