import {
  exchangeChannel,
  iterationTime,
  tellChainer,
  type LiveSession,
  type ProxyError,
  type RetryCause,
} from '@inband/core';
import { repairNames } from '../message/repairs.ts';
import type { ServerSide } from '../sides/server-side.ts';
import { publishEnded } from './publish.ts';
import type { Call } from './steps/step.ts';

/** What is known of an exchange beside its request. */
export interface KnownExchange extends Call {
  /** In words, for an operator. */
  readonly state: string;
  /** The server that has the request now, or had it last. */
  readonly server: ServerSide | undefined;
  /** Undefined unless the request was sent more than once. */
  readonly tries: { readonly causes: readonly RetryCause[] | undefined } | undefined;
  /** Of the answer that was begun; 0 when none was. */
  readonly status: number;
  /** The server connection had served another session before. */
  readonly reused: boolean;
  /** The target as the client wrote it; undefined where nothing listens to sessions. */
  readonly url: string | undefined;
  /** When the request came, on the clock of `iterationTime`. 0 if nothing listens to sessions, and its chainer does not either. */
  readonly started: number;
  /** Milliseconds to the first byte from the server. */
  readonly wait: number | undefined;
  /** Ends it now. Must do nothing for a tunnel. */
  end(): void;
}

/** Tells everybody who wants to know it how an exchange ended that has become no tunnel. */
export function recordEnd(exchange: KnownExchange, error: ProxyError | undefined, aborted: boolean): void {
  const { session, status, wait, reused } = exchange;
  tellChainer(session, status, wait, error, reused);
  exchange.context.limits?.tunnels?.end(session.id);
  if (exchangeChannel.hasSubscribers) {
    publishEnded(exchange, { status, bytesOut: exchange.server?.content ?? 0, aborted, error });
  }
  const { listener } = exchange.context.sessionEnds;
  if (listener === undefined) return;
  listener({
    session,
    kind: 'request',
    url: exchange.url,
    status,
    bytesIn: exchange.client.requestContent,
    bytesOut: exchange.server?.content ?? 0,
    duration: iterationTime() - exchange.started,
    wait,
    reused,
    error,
    aborted,
    repaired: repairNames(exchange.server?.repairs ?? 0),
    retries: exchange.tries?.causes,
  });
}

/** An exchange that goes on and is no tunnel, as an operator sees it. */
export function liveRequest(exchange: KnownExchange): LiveSession {
  const { session, state, url, started } = exchange;
  const bytesIn = exchange.client.requestContent;
  const bytesOut = exchange.server?.content ?? 0;
  return { session, kind: 'request', state, url, started, bytesIn, bytesOut, end: () => exchange.end() };
}
