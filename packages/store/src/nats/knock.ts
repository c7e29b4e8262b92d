import { connect } from 'node:net';
import type { HostPort } from '../base/host-port.ts';

/**
 * Whether a server says anything, as each server of NATS does as soon as somebody connects. The client of NATS leaves the socket open if it never does,
 * one for each try, so it is asked only about servers that do. `signal` ends the wait, as `timeout` (milliseconds) does.
 */
export function knock({ host, port }: HostPort, timeout: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, signal });
  const timer = setTimeout(() => resolve(false), timeout);
  socket.once('data', () => resolve(true));
  socket.once('error', () => resolve(false));
  socket.once('close', () => resolve(false));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
