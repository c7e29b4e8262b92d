import { toProxyError, type ProxyError } from '@inband/core';
import { badRequest, badResponse, requestFault } from '../head/faults.ts';
import { BodyTooBig } from './body-reader.ts';
import { ChunkFault } from './chunked-decoder.ts';
import { TrailerFault } from './trailer.ts';

/** `maxBody` in bytes. */
export function bodyTooBig(maxBody: number): ProxyError {
  return badRequest(`The request body is larger than ${maxBody} bytes.`, { status: 413, setting: 'http.maxBody' });
}

/** What is wrong with a request body, or with us. */
export function requestBodyError(error: unknown, maxBody: number): ProxyError {
  if (error instanceof TrailerFault && error.tooBig !== undefined) {
    const { status, setting } = requestFault(error.tooBig);
    return badRequest(error.message, { status, ...(setting !== undefined && { setting }) });
  }
  if (error instanceof ChunkFault) return badRequest(error.message);
  return error instanceof BodyTooBig ? bodyTooBig(maxBody) : toProxyError(error);
}

/** What is wrong with a response, or with us. */
export function responseBodyError(error: unknown): ProxyError {
  if (error instanceof TrailerFault && error.tooBig !== undefined) {
    return badResponse(error.message, 'http_response_trailer_section_size');
  }
  if (error instanceof ChunkFault) return badResponse(error.message, 'http_response_transfer_coding');
  return toProxyError(error);
}
