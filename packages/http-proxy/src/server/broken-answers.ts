import { ProxyError, type SockAddr } from '@inband/core';

/** The server has closed the connection before its answer began. `isOnlyOne`: no other connection can send the request. */
export function noAnswer(isOnlyOne: boolean, server: SockAddr, cause: Error | undefined): ProxyError {
  const message = isOnlyOne
    ? 'The server closed the connection instead of answering another request.'
    : 'The server closed the connection without a response.';
  return new ProxyError('connection_terminated', message, { address: server, cause });
}

/** It has closed it in the middle of a head. */
export function brokenHead(server: SockAddr, cause: Error | undefined): ProxyError {
  const message = 'The server closed the connection in the middle of its response head.';
  return new ProxyError('connection_terminated', message, { address: server, cause });
}

/** It has closed it in the middle of a body. */
export function brokenBody(): ProxyError {
  return new ProxyError('http_response_incomplete', 'The response ended before it was complete.');
}
