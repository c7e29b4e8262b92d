import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8's optimising compiler inline deeper. The way of a request is many small functions, one behind the other, and
 * the usual budget ends in the middle of it: with this one the engine takes about a tenth less time per request
 * (docs/adr/0009-inlining.md). Must be set before the first function is optimised, so it is the program's first import.
 */
setFlagsFromString('--max-inlined-bytecode-size=1500');
setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
