import { formatSockAddr, type SockAddr } from '../base/address.ts';
import { ProxyError } from '../base/errors.ts';

/** The error of an attempt that was cancelled, because its session was aborted, for example. */
export function cancelled(remote: SockAddr): ProxyError {
  return new ProxyError('connection_terminated', `Connecting to ${formatSockAddr(remote)} was cancelled.`, {
    address: remote,
  });
}
