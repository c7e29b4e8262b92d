import { setFlagsFromString } from 'node:v8';

/**
 * What the program asks of V8, and why: docs/adr/0009-v8-flags.md. Must be set before the first function is optimised and the
 * young generation grows, so this comes before the program is imported. A library does not do this to its host.
 */
export function setEngineFlags() {
  // Inlines more bytecode, because a request passes through many small functions and exceeds V8's default budget.
  setFlagsFromString('--max-inlined-bytecode-size=1500');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
  // Keeps the young generation small, because objects of a request die young, and idle connections should take little memory.
  setFlagsFromString('--semi-space-growth-factor=1');
}
