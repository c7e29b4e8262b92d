import { formatSockAddr, type Listener, type Logger } from '@inband/core';

/** Milliseconds between two looks at the file of a unix listener: one call of the system each. */
const EVERY = 5_000;

/**
 * Says in the log, once for each, that the file of a unix listener is gone, or another process's by now: the listener goes on
 * and nobody finds it. Returns what ends the watch.
 */
export function watchSocketFiles(listeners: readonly Listener[], logger: Logger, every = EVERY): () => void {
  let watched = listeners.filter((listener) => typeof listener.isFileThere === 'function');
  if (watched.length === 0) return () => undefined;
  const look = (): void => {
    const gone = watched.filter((listener) => listener.isFileThere?.() === false);
    watched = watched.filter((listener) => !gone.includes(listener));
    for (const { address } of gone) logger.error({ address: formatSockAddr(address) }, GONE);
    if (watched.length === 0) clearInterval(timer);
  };
  const timer = setInterval(look, every);
  timer.unref();
  return () => clearInterval(timer);
}

const GONE =
  'the socket file of a listener is gone, or is another process’s: no client gets here; restart to make it anew';
