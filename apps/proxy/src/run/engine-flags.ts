import { setFlagsFromString } from 'node:v8';

// What the program asks of V8, and why: docs/adr/0009-v8-flags.md. Must be set before the first function is optimised
// and the young generation grows, so this is the program's first import. A library does not do this to its host.

/** Inlines deeper: the way of a request is many small functions, and the usual budget ends in the middle of it. */
setFlagsFromString('--max-inlined-bytecode-size=1500');
setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');

/** Keeps the young generation small: what a request leaves behind is dead at once, and idle connections should be cheap. */
setFlagsFromString('--semi-space-growth-factor=1');
