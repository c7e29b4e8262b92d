import { isOnThisMachine, type ProxyError, type SockAddr } from '@inband/core';
import { errorResponse } from '../answers/error-response.ts';
import type { OwnAnswer } from '../answers/own-answer.ts';
import type { RequestStyle } from '../sides/client-side.ts';
import { httpDate } from '../message/http-date.ts';
import type { HttpContext } from '../service/context.ts';

/** An answer of our own, as HTTP/1 has it. */
export function ownAnswerBytes({ status, reason, fields, content = '' }: OwnAnswer, close: boolean): Buffer {
  const lines = [
    `HTTP/1.1 ${status} ${reason}`,
    `Date: ${httpDate()}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    ...(close ? ['Connection: close'] : []),
  ];
  // A character of a field stands for a byte.
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return content === '' ? head : Buffer.concat([head, typeof content === 'string' ? Buffer.from(content) : content]);
}

/** The answer that says what failed, for a client at an address. */
export function errorAnswer(
  context: HttpContext,
  client: SockAddr,
  error: ProxyError,
  about: RequestStyle,
  keepAlive: boolean,
): Buffer {
  const { service, options, errorPages } = context;
  const { method, url, html, setting, id, changeFields } = about;
  return errorResponse(error, {
    mode: service.mode,
    pseudonym: options.via,
    method,
    url,
    isLocal: isOnThisMachine(client),
    html,
    pages: errorPages,
    setting: setting?.startsWith('http.') === true ? `services.${service.name}.${setting}` : setting,
    id,
    changeFields,
    date: httpDate(),
    keepAlive,
  });
}
