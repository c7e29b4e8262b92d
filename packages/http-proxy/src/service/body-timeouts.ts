import type { ServiceMode } from '@inband/core';

/** How long a body may make no progress, in milliseconds. */
export interface BodyTimeouts {
  readonly request: number;
  readonly response: number;
  /** Whether `response` also holds for a client that does not read. Otherwise it may pause for as long as it is there. */
  readonly bindsReader: boolean;
  /** For a response to a client that has finished sending, and so may have gone away. */
  readonly responseAfterEnd: number;
}

const MINUTE = 60_000;

/**
 * What `http.bodyTimeout` means. A value in the configuration holds for everything. The default depends on the mode. Clients that chose
 * the proxy themselves may upload slowly, wait for a slow server, and pause a download. In front of an operator's own servers a request has
 * to come at once, and no client may hold a server connection for long.
 */
export function bodyTimeouts(mode: ServiceMode, written: number | undefined): BodyTimeouts {
  const usual =
    mode === 'reverse' ? { request: MINUTE, response: 5 * MINUTE } : { request: 15 * MINUTE, response: 15 * MINUTE };
  const request = written ?? usual.request;
  const response = written ?? usual.response;
  return {
    request,
    response,
    bindsReader: written !== undefined || mode === 'reverse',
    responseAfterEnd: Math.min(response, MINUTE),
  };
}

/** A client that reads an answer. */
interface Reader {
  /** It has finished sending, and may be gone. */
  readonly hasEnded: boolean;
  /** Bytes of the answer that it has not taken. */
  readonly unsent: number;
}

/**
 * Whether only the client keeps the answer from going on, and the options allow that. The cost is bounded, because nothing more is
 * read from the server meanwhile, and TCP keepalive detects a client that is gone.
 */
export function readerMayPause({ bindsReader }: BodyTimeouts, { hasEnded, unsent }: Reader): boolean {
  return !bindsReader && !hasEnded && unsent > 0;
}
