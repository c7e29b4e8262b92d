import { ProxyError, type ProxyErrorCode, type ProxyErrorOptions } from '@inband/core';
import type { HeadFault } from '../parser/head-parser.ts';

/** What is wrong with a request. The message is one sentence for the client's author. It quotes nothing. */
export function badRequest(message: string, options: ProxyErrorOptions = {}): ProxyError {
  return new ProxyError('http_request_error', message, options);
}

/** Of a request in origin-form at a forward proxy that has no page for it. */
export function notForwardable(): ProxyError {
  return badRequest('This is a forward proxy: configure it as one, or ask for a whole URL such as http://host/path.');
}

/** Of a request for `https://` to where no TLS is spoken. */
export function withoutTls(): ProxyError {
  return badRequest('This proxy does not speak TLS on behalf of a client; ask for a tunnel with CONNECT.', {
    status: 501,
  });
}

/** What is wrong with a request only because `http.strict` is set. */
export function refusedByStrict(message: string): ProxyError {
  return badRequest(message, { setting: 'http.strict' });
}

/** What is wrong with a response. */
export function badResponse(message: string, code: ProxyErrorCode = 'http_protocol_error'): ProxyError {
  return new ProxyError(code, message);
}

interface FaultText {
  readonly message: string;
  readonly requestStatus?: number;
  readonly setting?: string;
  readonly responseCode?: ProxyErrorCode;
}

const NOT_SAID: FaultText = { message: 'The head is malformed' };

const FAULTS: Record<HeadFault, FaultText> = {
  'line-end': { message: 'A line does not end with CRLF, or holds a control character' },
  'start-line-too-long': {
    message: 'The first line is too long',
    requestStatus: 414,
    setting: 'http.maxRequestLine',
  },
  'head-too-big': {
    message: 'The header section is too big',
    requestStatus: 431,
    setting: 'http.maxHeaderBytes',
    responseCode: 'http_response_header_section_size',
  },
  'too-many-fields': {
    message: 'There are too many fields',
    requestStatus: 431,
    setting: 'http.maxHeaderFields',
    responseCode: 'http_response_header_section_size',
  },
  'field-name': {
    message: 'A field name is empty, is not followed by a colon at once, or holds a forbidden character',
  },
  'field-name-too-long': {
    message: 'A field name is too long',
    requestStatus: 431,
    responseCode: 'http_response_header_section_size',
  },
  'field-value': { message: 'A field value holds a control character' },
  'folded-line': { message: 'A line begins with white space (folded lines are obsolete)' },
  'field-alias': {
    message:
      'A field name with "_" or the like would be taken for a field that decides about framing, routing or identity',
  },
  'framing-field': { message: 'A field that delimits the body is malformed' },
  'empty-lines': { message: 'Too many empty lines stand before the first line' },
};

function textOf(fault: HeadFault | undefined): FaultText {
  return fault === undefined ? NOT_SAID : FAULTS[fault];
}

/** The error of a refused head. `fault` is `HeadParser.fault`, which is set where a reader returned FAULT. */
export function requestFault(fault: HeadFault | undefined): ProxyError {
  const { message, requestStatus, setting } = textOf(fault);
  return badRequest(`${message}.`, {
    ...(requestStatus === undefined ? {} : { status: requestStatus }),
    ...(setting === undefined ? {} : { setting }),
  });
}

export function responseFault(fault: HeadFault | undefined): ProxyError {
  const { message, responseCode } = textOf(fault);
  return badResponse(`The response of the server is malformed. ${message}.`, responseCode);
}
