import type { ProxyError } from '@inband/core';
import { otherProtocol } from './refusals.ts';

/** The most bytes of the heads that answer a CONNECT. */
export const MOST_HEAD = 16 * 1024;

/** The head of an answer to CONNECT. */
export interface ParentResponse {
  readonly status: number;
  /** Bytes, the empty line included. */
  readonly length: number;
  /** Names in lower case, in the order in which they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Some parents leave out the space behind the status if there is no reason. */
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;
const END = Buffer.from('\r\n\r\n');

/**
 * Reads the head at the beginning of `received`. Undefined: more bytes are needed. Throws a `ProxyError` for what is not exactly a head:
 * it is the end of the head that says where the tunnel begins.
 */
export function readResponseHead(received: Buffer): ParentResponse | undefined {
  const end = received.indexOf(END);
  if (end < 0 ? received.length > MOST_HEAD : end > MOST_HEAD) {
    throw otherProtocol(`The head of the parent proxy's answer has more than ${MOST_HEAD} bytes.`);
  }
  if (end < 0) {
    if (!mayBeHead(received)) throw notHttp();
    return undefined;
  }
  const [statusLine = '', ...lines] = received.toString('latin1', 0, end).split('\r\n');
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined) throw notHttp();
  return { status: Number(status), length: end + END.length, fields: lines.map(fieldOf) };
}

/** All values of a field. */
export function valuesOf({ fields }: ParentResponse, name: string): string[] {
  return fields.filter(([other]) => other === name).map(([, value]) => value);
}

function fieldOf(line: string): readonly [string, string] {
  const [, name, value] = FIELD.exec(line) ?? [];
  if (name === undefined || value === undefined) throw notHttp();
  return [name.toLowerCase(), value];
}

/** So that a server of another protocol is told from one that is slow. */
function mayBeHead(received: Buffer): boolean {
  const start = 'HTTP/1.';
  return start.startsWith(received.toString('latin1', 0, start.length));
}

function notHttp(): ProxyError {
  return otherProtocol('The parent proxy does not answer in HTTP/1.');
}
