// The first thing that the program evaluates, in plain JavaScript, because types take a tenth of a second to strip: from
// here on none of these signals kills the process, and SIGUSR1 does not open Node's debugger, because it has a listener.
// `--disable-sigusr1` would see to that even earlier, but it blocks the signal, so it could not be logged.

/** Here SIGHUP reloads, SIGUSR1 opens the log anew and SIGUSR2 upgrades. What is not for a process changes nothing, and is logged. */
const IGNORED = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'];

let ignoredListener;
let quitListener;
/** Signals that came before there was a listener. */
const early = new Set();
let hasQuit = false;

// Windows has only some of them.
if (process.platform !== 'win32') {
  for (const signal of IGNORED) {
    process.on(signal, () => (ignoredListener === undefined ? early.add(signal) : ignoredListener(signal)));
  }
  process.on('SIGQUIT', () => (quitListener === undefined ? (hasQuit = true) : quitListener()));
}
closeEarlyDebugger();

/** Calls `listener` for each ignored signal from now on, and at once for those that came before. */
export function onIgnoredSignal(listener) {
  ignoredListener = listener;
  for (const signal of early) listener(signal);
  early.clear();
  closeEarlyDebugger();
}

/** Calls `listener` for each SIGQUIT from now on, and at once if one came before. */
export function onQuit(listener) {
  quitListener = listener;
  if (hasQuit) listener();
}

/** A SIGUSR1 that came while Node itself started has opened the debugger. It stays if an option asked for it. */
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
