// The first thing that the program evaluates, in plain JavaScript, because types take a tenth of a second to strip: from
// here on none of these signals kills the process, and SIGUSR1 does not open Node's debugger, because it has a listener.
// `--disable-sigusr1` would see to that even earlier, but it blocks the signal, so that nobody could be told of it.

/** What other daemons reload, reopen their logs or print statistics by. Here they change nothing, and are told. */
const IDLE = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'];

let onIdle;
let onQuit;
/** Those that came before somebody was there to hear of them. */
const early = new Set();
let hasQuit = false;

// Windows has only some of them.
if (process.platform !== 'win32') {
  for (const signal of IDLE) process.on(signal, () => (onIdle === undefined ? early.add(signal) : onIdle(signal)));
  process.on('SIGQUIT', () => (onQuit === undefined ? (hasQuit = true) : onQuit()));
}
closeEarlyDebugger();

/** From now on `told` hears of each idle signal; at once of those that came already. */
export function hearIdleSignals(told) {
  onIdle = told;
  for (const signal of early) told(signal);
  early.clear();
  closeEarlyDebugger();
}

/** From now on `quit` is called for each SIGQUIT; at once if one came already. */
export function hearQuit(quit) {
  onQuit = quit;
  if (hasQuit) quit();
}

/** A SIGUSR1 that came while Node itself started has opened the debugger. Whoever asked for it by an option keeps it. */
function closeEarlyDebugger() {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''];
  if (options.some((option) => option.includes('--inspect'))) return;
  try {
    const inspector = process.getBuiltinModule('node:inspector');
    if (inspector.url() !== undefined) inspector.close();
  } catch {
    // This Node was built without one.
  }
}
