import { ProxyError, type SockAddr } from '@inband/core';

/** What the peer sends is not TLS, or an alert: `why` is one clause. */
export function brokenError(why: string, remote: SockAddr): ProxyError {
  return new ProxyError('tls_protocol_error', `The TLS connection failed: ${why}.`, { address: remote });
}

/** RFC 8446 section 6.1: without close_notify, nobody knows whether there was more. */
export function truncationError(remote: SockAddr): ProxyError {
  const message = 'The connection ended without the end of its TLS (close_notify), so there may have been more.';
  return new ProxyError('connection_terminated', message, { address: remote });
}
