import { FAULT, MORE, type HeadReader } from '../message/parser/head-reader.ts';
import { requestFault } from '../message/head/faults.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { HttpContext } from '../service/context.ts';

/** `host:port` as a request line of CONNECT has it. */
export function connectTarget(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The CONNECT that asks for the same as a SOCKS request, so that its host and port are held to the same rules. The caller gives the reader
 * back. `target` has no control and no space; `credentials` are those of a client that has logged in. Throws a ProxyError that says what is wrong with it.
 */
export function readConnect(
  { requestReaders, requestLimits, rules }: HttpContext,
  target: string,
  credentials?: string,
): HeadReader<RequestHead> {
  const reader = requestReaders.take(requestLimits);
  const login = credentials === undefined ? '' : `Proxy-Authorization: ${credentials}\r\n`;
  const bytes = Buffer.from(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}\r\n`, 'latin1');
  try {
    const at = reader.read(bytes, 0, bytes.length);
    if (at === FAULT || at === MORE) throw requestFault(reader.head.fault);
    reader.head.understand(rules);
    return reader;
  } catch (error) {
    requestReaders.give(reader);
    throw error;
  }
}
