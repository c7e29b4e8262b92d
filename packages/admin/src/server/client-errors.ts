import { STATUS_CODES } from 'node:http';
import type { ConnectionError } from 'fastify';
import type { Socket } from 'node:net';
import { PROBLEM_JSON } from '../base/problem.ts';
import { wrongRequest } from './error-answers.ts';

/** Answers what Node.js cannot read as a request, and closes the connection. */
export function answerUnreadable(error: ConnectionError, socket: Socket): void {
  if (error.code !== 'ECONNRESET' && socket.writable) socket.write(answerTo(error));
  socket.destroy();
}

function answerTo({ code }: ConnectionError): string {
  const [status, detail] = wrong(code);
  const body = JSON.stringify(wrongRequest(status, detail));
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${PROBLEM_JSON}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

function wrong(code: string): readonly [status: number, detail: string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'The request did not come to its end in time.'];
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'The fields of the request are too large.'];
  return [400, 'This is not an HTTP request.'];
}
