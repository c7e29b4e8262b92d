import type { Server } from 'node:net';

/** What `net.core.somaxconn` is on Linux unless it was raised. */
const LONGEST_QUEUE = 4096;

/**
 * Returns what closes a server, once for any number of calls. `closed` is called then, unless another process goes on with the
 * socket.
 */
export function closeOnce(server: Server, closed = (): void => undefined): (isHandedOver?: boolean) => Promise<void> {
  let closing: Promise<void> | undefined;
  return (isHandedOver = false) => {
    closing ??= closeServer(server, closed, isHandedOver);
    return closing;
  };
}

async function closeServer(server: Server, closed: () => void, isHandedOver: boolean): Promise<void> {
  await acceptWaiting(server);
  server.close();
  if (!isHandedOver) closed();
  // The callback of `close` would wait for the accepted connections. The socket is closed by now, and two iterations of the
  // loop later its handle is gone as well.
  await nextIteration();
  await nextIteration();
}

/**
 * Waits until the clients in the kernel's queue are accepted, because they have connected and would be reset with it. The loop
 * accepts one in each iteration, so the queue is empty after two iterations without one. The wait is bounded because clients
 * may come as fast as they are accepted; no queue is longer.
 */
async function acceptWaiting(server: Server): Promise<void> {
  let accepted = false;
  const note = (): void => void (accepted = true);
  server.on('connection', note);
  for (let iterations = 0, quiet = 0; quiet < 2 && iterations < LONGEST_QUEUE; iterations += 1) {
    accepted = false;
    await nextIteration();
    quiet = accepted ? 0 : quiet + 1;
  }
  server.off('connection', note);
}

function nextIteration(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
