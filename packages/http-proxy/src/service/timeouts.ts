import { FIRST_MOMENT, type TimeoutList, type Timers } from '@inband/core';
import type { BodyTimeouts } from './body-timeouts.ts';
import type { HttpOptions } from './options.ts';

/** What a client connection waits for while no exchange is on it. */
export type ConnectionWait =
  | 'first-byte' // of an intercepted client
  | 'idle' // the next request
  | 'first-request' // of a client while the proxy drains
  | 'refusal' // the first request of a client that is not to be served
  | 'header' // the rest of a request head
  | 'flush' // an answer to leave
  | 'linger'; // the client to read its last answer

/** What an exchange waits for. */
export type ExchangeWait =
  | 'connect' // its steps, the connection to the server among them
  | 'request-body'
  | 'response' // its first byte
  | 'try' // the same, as long as another server may be asked instead
  | 'hedge' // the same, until another server is asked, too
  | 'response-head' // the rest of it
  | 'response-body'
  | 'response-body-after-end' // for a client that has finished sending, and may be gone
  | 'half-close'; // the answer to begin, for such a client

export type TunnelWait = 'tunnel-idle' | 'tunnel-half-close';

/** Waits whose time is up to the chainer. */
export type ChainersWait = 'try' | 'hedge';

/** How long each wait may take. How long one server may be tried is up to the chainer. */
export type TimeoutTable = Readonly<
  Record<ConnectionWait | Exclude<ExchangeWait, ChainersWait> | TunnelWait, TimeoutList>
>;

/**
 * The timeout of a wait. By cases, because a property whose name differs from call to call is one that V8 looks up anew each time, and each
 * request asks for several.
 */
export function timeoutOf(table: TimeoutTable, wait: keyof TimeoutTable): TimeoutList {
  switch (wait) {
    case 'idle':
      return table.idle;
    case 'response':
      return table.response;
    case 'response-body':
      return table['response-body'];
    case 'connect':
      return table.connect;
    case 'request-body':
      return table['request-body'];
    case 'response-head':
      return table['response-head'];
    case 'response-body-after-end':
      return table['response-body-after-end'];
    case 'half-close':
      return table['half-close'];
    case 'first-byte':
      return table['first-byte'];
    case 'first-request':
      return table['first-request'];
    case 'header':
      return table.header;
    case 'flush':
      return table.flush;
    case 'linger':
      return table.linger;
    case 'refusal':
      return table.refusal;
    case 'tunnel-idle':
      return table['tunnel-idle'];
    case 'tunnel-half-close':
      return table['tunnel-half-close'];
  }
}

/** How long a connection that was answered for the last time is read on, so that the answer is not lost. */
const LINGER = 2_000;

/** Durations in milliseconds, from the options of a service. */
export function timeoutTable(options: HttpOptions, bodies: BodyTimeouts, timers: Timers): TimeoutTable {
  const { idleTimeout, responseTimeout, tunnelIdleTimeout } = options;
  return {
    'first-byte': timers.list(Math.min(options.firstByteTimeout, idleTimeout)),
    idle: timers.list(idleTimeout),
    'first-request': timers.list(Math.min(FIRST_MOMENT, idleTimeout)),
    refusal: timers.list(LINGER),
    header: timers.list(options.headerTimeout),
    flush: timers.list(bodies.response),
    linger: timers.list(LINGER),
    connect: timers.list(responseTimeout),
    'request-body': timers.list(bodies.request),
    response: timers.list(responseTimeout),
    'response-head': timers.list(options.headerTimeout),
    'response-body': timers.list(bodies.response),
    'response-body-after-end': timers.list(bodies.responseAfterEnd),
    'half-close': timers.list(options.halfCloseTimeout),
    'tunnel-idle': timers.list(tunnelIdleTimeout),
    'tunnel-half-close': timers.list(Math.min(options.tunnelHalfCloseTimeout, tunnelIdleTimeout)),
  };
}
