import { ProxyError, requestId, type Session } from '@inband/core';
import { badRequest } from '../message/head/faults.ts';
import type { ChainersWait, ExchangeWait } from '../service/timeouts.ts';
import type { RequestStyle } from '../sides/client-side.ts';
import type { Call } from './steps/step.ts';

/** Bytes that each side has not taken yet. The side that has some is the slow one. */
interface Unsent {
  readonly client: number;
  readonly server: number;
}

/** The error of an exchange whose timeout has expired. */
export function timeoutError(
  waitsFor: Exclude<ExchangeWait, ChainersWait>,
  { context, session }: Pick<Call, 'context' | 'session'>,
  unsent: Unsent,
): ProxyError {
  const { responseTimeout, headerTimeout } = context.options;
  const { request, response } = context.bodyTimeouts;
  switch (waitsFor) {
    case 'connect':
      if (session.lookingUp !== undefined) return slowLookup(session.lookingUp, responseTimeout);
      return new ProxyError('connection_timeout', `No server was reached within ${responseTimeout} ms.`, {
        setting: 'http.responseTimeout',
      });
    case 'request-body':
      if (unsent.server > 0) {
        return new ProxyError('connection_write_timeout', `The server read nothing for ${request} ms.`, {
          setting: 'http.bodyTimeout',
        });
      }
      return slowClient(`The request body made no progress for ${request} ms.`);
    case 'response-head':
      return new ProxyError('http_response_timeout', `The response head took longer than ${headerTimeout} ms.`, {
        setting: 'http.headerTimeout',
      });
    case 'response-body':
    case 'response-body-after-end':
      if (unsent.client > 0) return slowClient(`The client read nothing of the response for ${response} ms.`);
      return new ProxyError('connection_read_timeout', `The response made no progress for ${response} ms.`, {
        setting: 'http.bodyTimeout',
      });
    case 'response':
    case 'half-close':
      return new ProxyError('http_response_timeout', `The server did not respond within ${responseTimeout} ms.`, {
        setting: 'http.responseTimeout',
      });
  }
}

/** The error of a try that took longer than its chainer allows one. */
export function tryExpired(timeout: number): ProxyError {
  const message = `The server did not respond within ${timeout} ms.`;
  return new ProxyError('http_response_timeout', message, { setting: 'chainer.retry.perTry' });
}

/** A look-up that takes longer than the request may. It goes on, because others may wait for it. */
function slowLookup(name: string, timeout: number): ProxyError {
  const message = `The name "${name}" could not be resolved within ${timeout} ms.`;
  return new ProxyError('dns_timeout', message, { setting: 'http.responseTimeout' });
}

function slowClient(message: string): ProxyError {
  return badRequest(message, { status: 408, setting: 'http.bodyTimeout' });
}

/**
 * Whether the client may send another request behind `error`, which is its answer. It may if nothing of the failed request is still to
 * come (ADR 0019). `hasServer`: the request was sent on a server connection.
 */
export function mayGoOnBehind(error: ProxyError, { client, session }: Call, hasServer: boolean): boolean {
  if (client.closing || !answersRequest(error)) return false;
  // The bytes behind a CONNECT may be meant for the tunnel.
  if (session.method === 'CONNECT') return false;
  // A session that is stacked in another proxy cannot connect again.
  if (hasServer && session.serverStream !== undefined) return false;
  return client.requestComplete;
}

/** False if the request itself is wrong, or the proxy has a defect. */
export function answersRequest({ code }: ProxyError): boolean {
  return code !== 'http_request_error' && code !== 'proxy_internal_error';
}

/** What the answer that tells of `error` must know of the request. `holdsHead`: the request head is still valid. */
export function styleOf(error: ProxyError, call: Call, holdsHead: boolean): RequestStyle {
  const { session, request, context } = call;
  const html = holdsHead && request.prefersHtml;
  return {
    method: session.method ?? '',
    url: html ? request.url : undefined,
    html,
    setting: settingPath(error, session),
    id: requestId(session),
    changeFields: context.fieldChanges?.forError(holdsHead ? call : undefined),
  };
}

/** The setting that would change the outcome, with the route of the session where it is a setting of the chainer. */
function settingPath({ setting }: ProxyError, { route }: Session): string | undefined {
  return setting !== undefined && /^chainer\b/.test(setting) ? `${route?.name ?? 'routes[]'}.${setting}` : setting;
}
