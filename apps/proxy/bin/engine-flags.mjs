const { getHeapSpaceStatistics, setFlagsFromString } = process.getBuiltinModule('node:v8');

/**
 * Bytes of V8's young generation, both halves, up to which it may grow. Connections that are open when it is collected are copied, twice and
 * then for good, and each collection has costs of its own. With the 2 MiB that it has at first this is every few dozen new connections, and a
 * tenth of what each costs.
 */
const YOUNG_GENERATION = 16 * 1024 * 1024;
/** Milliseconds from one time at which it may grow to the next. */
const INTERVAL = 1_000;
/**
 * Milliseconds for which it may. V8 lets it grow when more than its size has survived, and counts anew whenever it would grow while it may not: with
 * 200 ms it stayed small where few connections had many requests. Until the next time it has grown once, and not to its end, which is 32 MiB.
 */
const OPPORTUNITY = 900;

/**
 * What the program asks of V8, and why: docs/adr/0009-v8-flags.md. Must be set before the first function is optimised and the
 * young generation grows, so this comes before the program is imported. A library does not do this to its host.
 */
export function setEngineFlags() {
  // Inlines more bytecode, because a request passes through many small functions and exceeds V8's default budget.
  setFlagsFromString('--max-inlined-bytecode-size=1500');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
  letYoungGenerationGrow(1);
}

/**
 * To be called when the program accepts clients. Until then, and for an interval more, flags stay as they are, because code from the compile cache is only
 * for those with which it was compiled.
 */
export function setServingFlags() {
  setTimeout(keepOptimised, INTERVAL).unref();
  setInterval(growWhileSmall, INTERVAL).unref();
}

/**
 * V8 collects once more when a process has had little to do for a while, and then it gives up the optimised code for objects of which none is alive.
 * Without a client there is no exchange, so the first requests after a pause were served by slow code, and V8 compiled for some 0.4 s. Other
 * collections keep that code. Who starts the program with a count of their own keeps it, because what that collection gives back may be worth more to them.
 */
function keepOptimised() {
  const isChosen = process.execArgv.some((arg) => /^--memory[-_]reducer[-_]gc[-_]count\b/.test(arg));
  if (!isChosen) setFlagsFromString('--memory-reducer-gc-count=0');
}

/** V8 has no bound that can be set in a running process, but it asks by how much to grow whenever it does. Without load it shrinks by itself. */
function growWhileSmall() {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  const by = young === undefined ? 1 : Math.floor(YOUNG_GENERATION / Math.max(young.space_size, 1));
  if (by < 2) return;
  letYoungGenerationGrow(Math.min(by, 4));
  setTimeout(letYoungGenerationGrow, OPPORTUNITY, 1).unref();
}

function letYoungGenerationGrow(by) {
  setFlagsFromString(`--semi-space-growth-factor=${by}`);
}
