import { lstat, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { UnixAddr } from '../base/address.ts';
import { errnoError, fromErrno } from '../base/errno.ts';

/**
 * Removes the socket file that a dead process left behind. Rejects with a {@link ProxyError} when it is no socket at
 * all, or when a process listens on it.
 */
export async function removeStaleSocket(address: UnixAddr): Promise<void> {
  const stats = await lstat(address.path).catch(() => undefined);
  if (stats === undefined) return;
  if (!stats.isSocket()) throw fromErrno(errnoError('ENOTSOCK', 'listen'), 'listen', address);
  if (!(await isRefused(address.path))) throw fromErrno(errnoError('EADDRINUSE', 'listen'), 'listen', address);
  await unlink(address.path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw fromErrno(error, 'listen', address);
  });
}

/** Connecting to a unix socket never waits, because the kernel accepts or refuses at once, also when the queue is full. */
function isRefused(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createConnection({ path });
  socket.once('connect', () => {
    socket.destroy();
    resolve(false);
  });
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  return promise;
}
