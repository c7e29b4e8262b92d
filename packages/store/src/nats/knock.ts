import { connect } from 'node:net';
import type { HostPort } from '../base/host-port.ts';

/**
 * Resolves when a server says anything, as each server of NATS does as soon as somebody connects. The client of NATS leaves the socket open if it never does,
 * one for each try, so it is asked only about servers that do. `signal` ends the wait, as `timeout` (milliseconds) does. Rejects
 * with what happened instead.
 */
export function knock({ host, port }: HostPort, timeout: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host, port, signal });
  const timer = setTimeout(() => reject(new Error(`it says nothing within ${timeout} ms`)), timeout);
  socket.once('data', () => resolve());
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('it ends each connection without a word')));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
