import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where processes of tests find what Node.js compiled before. It checks by the content of a file that an entry is current. */
export const COMPILE_CACHE = resolve(import.meta.dirname, '../../../node_modules/.compile-cache');

const FILLING = fileURLToPath(new URL('fill-compile-cache.ts', import.meta.url));
let filled: Promise<unknown> | undefined;

/**
 * Set-up of projects whose tests start processes: the program starts in half the time when its sources are in the cache. It
 * does not put them there itself, because it ends by `_exit(2)`. What is current costs half a second.
 */
export async function setup(): Promise<void> {
  filled ??= promisify(execFile)(process.execPath, [FILLING]);
  await filled;
}
