import { createEpollTransport, createNodeTransport, epollUnavailable, type Transport } from '@inband/core';

/** The transport that runs, and why it is that one, for the log. */
export interface ChosenTransport {
  readonly transport: Transport;
  readonly why: string;
}

/**
 * Chooses by the configuration's `transport`: `auto` takes epoll wherever it works, else Node's own sockets. Returns a
 * sentence instead when what was asked for by name does not work here.
 */
export function chooseTransport(setting: 'auto' | 'node' | 'epoll'): ChosenTransport | string {
  if (setting === 'node') return { transport: createNodeTransport(), why: 'The configuration asks for it.' };
  const unavailable = epollUnavailable();
  if (unavailable === undefined) {
    const why = setting === 'auto' ? 'It is the fastest one, and it works here.' : 'The configuration asks for it.';
    return { transport: createEpollTransport(), why };
  }
  return setting === 'epoll' ? unavailable : { transport: createNodeTransport(), why: unavailable };
}
