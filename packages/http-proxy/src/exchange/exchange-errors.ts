import { ProxyError, toProxyError } from '@inband/core';
import { bodyTooBig } from './admission.ts';
import { BodyTooBig } from '../message/body/body-relay.ts';
import { ChunkFault } from '../message/body/chunked-decoder.ts';
import type { Waiting } from '../client/client-side.ts';
import { badRequest, badResponse } from '../message/head/faults.ts';
import type { HttpContext } from '../service/context.ts';
import type { HttpOptions } from '../service/options.ts';

/** Bytes that either side has not taken yet: whoever does not take them is the one that is slow. */
interface Queued {
  readonly client: number;
  readonly server: number;
}

/** What it means that a wait of an exchange ran out. */
export function timeoutError(waiting: Waiting, context: HttpContext, queued: Queued): ProxyError {
  const { responseTimeout, headerTimeout } = context.options;
  const { request, response } = context.bodyTimeouts;
  switch (waiting) {
    case 'connect':
      return new ProxyError('connection_timeout', `No server was reached within ${responseTimeout} ms.`, {
        setting: 'http.responseTimeout',
      });
    case 'request-body':
      if (queued.server > 0) {
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
      if (queued.client > 0) return slowClient(`The client read nothing of the response for ${response} ms.`);
      return new ProxyError('connection_read_timeout', `The response made no progress for ${response} ms.`, {
        setting: 'http.bodyTimeout',
      });
    default:
      return new ProxyError('http_response_timeout', `The server did not respond within ${responseTimeout} ms.`, {
        setting: 'http.responseTimeout',
      });
  }
}

function slowClient(message: string): ProxyError {
  return badRequest(message, { status: 408, setting: 'http.bodyTimeout' });
}

/** What is wrong with a request body, or with us. */
export function requestBodyError(error: unknown, { maxBody }: HttpOptions): ProxyError {
  if (error instanceof ChunkFault) return badRequest(error.message);
  return error instanceof BodyTooBig ? bodyTooBig(maxBody) : toProxyError(error);
}

/** What is wrong with a response, or with us. */
export function responseBodyError(error: unknown): ProxyError {
  if (error instanceof ChunkFault) return badResponse(error.message, 'http_response_transfer_coding');
  return toProxyError(error);
}

/** Whether an error answers a request that was understood: not one that is wrong itself, and no defect of ours. */
export function answersRequest({ code }: ProxyError): boolean {
  return code !== 'http_request_error' && code !== 'proxy_internal_error';
}
