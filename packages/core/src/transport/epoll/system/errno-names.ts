import { constants } from 'node:os';
import type { SockAddr } from '../../../base/address.ts';
import { fromErrno } from '../../../base/errno.ts';
import type { SocketOperation } from '../../../base/errno.ts';
import type { ProxyError } from '../../../base/errors.ts';

export const { EAGAIN, ECONNABORTED, EINPROGRESS, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM } = constants.errno;

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
// The same number on Linux, and the table of meanings knows this one.
names.set(EAGAIN, 'EAGAIN');

/** The error for an errno, as `node:net` would have it beneath. */
export function systemError(errno: number, doing: SocketOperation, address: SockAddr): ProxyError {
  const code = names.get(errno) ?? `errno ${errno}`;
  const cause: NodeJS.ErrnoException = new Error(`${doing} ${code}`);
  cause.code = code;
  cause.errno = -errno;
  cause.syscall = doing;
  return fromErrno(cause, doing, address);
}
