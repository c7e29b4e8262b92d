import { setFlagsFromString } from 'node:v8';
import type { ConfigSource } from '../config/read/read-source.ts';

/** Characters of a configuration from which on a start is long enough for V8 to optimise the code of it. */
const LARGE = 256 * 1024;

/** See docs/adr/0009-v8-flags.md. The other values are V8's own, and what the program sets in bin/engine-flags.mjs. */
const WHILE_LOADING = ['--invocation-count-for-turbofan=100000', '--semi-space-growth-factor=8'];
const AFTERWARDS = ['--invocation-count-for-turbofan=3000', '--semi-space-growth-factor=1'];

let isLoading = false;

/**
 * While a large configuration is loaded, until {@link optimiseAgain}: keeps V8 from optimising (Turbofan) what runs then and seldom again, and
 * lets its young generation grow. Only the program does this, because a library does not do it to its host.
 */
export function optimiseLater({ files }: Pick<ConfigSource, 'files'>): void {
  const size = Object.values(files?.texts ?? {}).reduce((sum, text) => sum + text.length, 0);
  if (size < LARGE) return;
  for (const flag of WHILE_LOADING) setFlagsFromString(flag);
  isLoading = true;
}

/** To be called when the program has started. */
export function optimiseAgain(): void {
  if (isLoading) for (const flag of AFTERWARDS) setFlagsFromString(flag);
  isLoading = false;
}
