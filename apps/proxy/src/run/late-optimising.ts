import { setFlagsFromString } from 'node:v8';
import type { ConfigSource } from '../config/read/read-source.ts';

/** Characters of a configuration from which on a start is long enough for V8 to optimise the code of it. */
const LARGE = 256 * 1024;

/** See docs/adr/0009-v8-flags.md. The other values are V8's own, and what the program sets in bin/engine-flags.mjs. */
const GROWTH = { whileLoading: '--semi-space-growth-factor=8', afterwards: '--semi-space-growth-factor=1' };
const OPTIMISING = {
  whileLoading: '--invocation-count-for-turbofan=100000',
  afterwards: '--invocation-count-for-turbofan=3000',
};
/** Who starts the program with a value of their own keeps it. */
const isChosen = process.execArgv.some((arg) => /^--invocation[-_]count[-_]for[-_]turbofan\b/.test(arg));
const FLAGS = isChosen ? [GROWTH] : [GROWTH, OPTIMISING];

let isLoading = false;

/**
 * While a large configuration is loaded, until {@link optimiseAgain}: keeps V8 from optimising (Turbofan) what runs then and seldom again, and
 * lets its young generation grow. Only the program does this, because a library does not do it to its host.
 */
export function optimiseLater({ files }: Pick<ConfigSource, 'files'>): void {
  const size = Object.values(files?.texts ?? {}).reduce((sum, text) => sum + text.length, 0);
  if (size < LARGE) return;
  for (const { whileLoading } of FLAGS) setFlagsFromString(whileLoading);
  isLoading = true;
}

/** To be called when the program has started. */
export function optimiseAgain(): void {
  if (isLoading) for (const { afterwards } of FLAGS) setFlagsFromString(afterwards);
  isLoading = false;
}
