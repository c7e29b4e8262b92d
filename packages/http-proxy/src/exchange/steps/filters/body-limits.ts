import { ProxyError } from '@inband/core';
import { badRequest } from '../../../message/head/faults.ts';

/** `place`: of the filter that wants the whole body, in the configuration. */
export function requestTooBig(most: number, place: string): ProxyError {
  const message = `The request has more than ${most} bytes of content, which a filter wants to see at once.`;
  return badRequest(message, { status: 413, setting: `${place}.maximumBody` });
}

/** The same of an answer. */
export function responseTooBig(most: number, place: string): ProxyError {
  const message = `The response has more than ${most} bytes of content, which a filter wants to see at once.`;
  return new ProxyError('http_response_body_size', message, { setting: `${place}.maximumBody` });
}
