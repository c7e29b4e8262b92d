import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where processes of tests find what Node.js compiled before. It checks by the content of a file that an entry is current. */
export const COMPILE_CACHE = resolve(import.meta.dirname, '../../../node_modules/.compile-cache');

const MAKING = fileURLToPath(new URL('make-program.ts', import.meta.url));
let made: Promise<unknown> | undefined;

/**
 * Set-up of projects whose tests start the program: it is built, and compiled, before the first of them. What is current costs
 * half a second.
 */
export async function setup(): Promise<void> {
  made ??= promisify(execFile)(process.execPath, [MAKING]);
  await made;
}
