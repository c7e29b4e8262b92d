import { formatSockAddr, type Listener, type Logger } from '@inband/core';

/** Milliseconds between two checks of a unix listener's file. Each is one system call. */
const EVERY = 5_000;

/**
 * Logs once for each unix listener that its file is gone, or belongs to another process: then no client can reach it. Returns a
 * function that ends the watch.
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
