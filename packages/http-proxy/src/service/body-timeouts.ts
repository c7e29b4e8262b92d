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
 * What `http.bodyTimeout` means. Written, it holds for everything. Not written, it is what suits the mode: whoever chose the proxy
 * themselves may upload slowly, wait for a server that thinks, and pause a download, while in front of an operator's own servers a
 * request has to come at once and nobody may hold a server connection for long.
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
