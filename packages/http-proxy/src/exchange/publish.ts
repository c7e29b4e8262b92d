import { errorFacts, exchangeChannel, toProxyError, type ProxyError, type ServerConnection } from '@inband/core';
import type { Call } from './steps/step.ts';

/** What an exchange tells on `inband:exchange`. To be called only where that channel has subscribers. */

export function publishUnderstood({ session, request }: Call): void {
  const { id, client } = session;
  const { method, url = '', minor } = request;
  exchangeChannel.publish({ event: 'understood', session: id, client: client.id, method, url, minor });
}

export function publishRefused({ session }: Call, step: string, error: unknown): void {
  exchangeChannel.publish({ event: 'refused', session: session.id, step, error: errorFacts(toProxyError(error)) });
}

export function publishConnected(
  { session }: Call,
  { remote: server, reused, id: connection }: ServerConnection,
): void {
  exchangeChannel.publish({ event: 'connected', session: session.id, server, reused, connection });
}

export function publishSent({ session, client }: Call): void {
  exchangeChannel.publish({ event: 'sent', session: session.id, bytes: client.requestContent });
}

export function publishHead({ session }: Call, event: 'interim' | 'answered', status: number): void {
  exchangeChannel.publish({ event, session: session.id, status });
}

/** `outcome`: of the try before, the error or the status of its answer. */
export function publishRetried({ session }: Call, retries: number, outcome: ProxyError | number): void {
  const isStatus = typeof outcome === 'number';
  const error = isStatus ? undefined : errorFacts(outcome);
  const status = isStatus ? outcome : undefined;
  exchangeChannel.publish({ event: 'retried', session: session.id, retries, error, status });
}

export function publishClientEnded({ session }: Call, state: string, waitsFor: string | undefined): void {
  exchangeChannel.publish({ event: 'client-ended', session: session.id, state, waitsFor });
}

/** How an exchange ended. */
interface End {
  readonly status: number;
  readonly bytesOut: number;
  readonly aborted: boolean;
  readonly error: ProxyError | undefined;
}

export function publishEnded({ session, client }: Call, { status, bytesOut, aborted, error }: End): void {
  exchangeChannel.publish({
    event: 'ended',
    session: session.id,
    status,
    bytesIn: client.requestContent,
    bytesOut,
    aborted,
    error: error && errorFacts(error),
  });
}
