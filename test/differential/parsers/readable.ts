import { METHODS } from 'node:http';

/** What replaces a method or a byte that a parser does not know, though the specification or the browsers do. */
const KNOWN_METHOD = 'POST';
const KNOWN_BYTE = '~';

/** Bytes that browsers send in targets, and that no grammar has. Both parsers refuse them, and every proxy passes them. */
export function readable(target: string): string {
  return target.replaceAll(/[\x80-\xff]/g, KNOWN_BYTE);
}

/**
 * The bytes of a connection with a request line that both parsers know: llhttp has a list of methods where RFC 9110 section 9.1 has
 * tokens, and both refuse targets with bytes above 0x7F. Nothing else is changed, and so nothing that frames the message.
 */
export function withReadableLine(bytes: Buffer): { readonly method: string | undefined; readonly readable: Buffer } {
  const end = bytes.indexOf('\r\n');
  const line = bytes.toString('latin1', 0, Math.max(end, 0));
  const [, method = '', target = '', version = ''] =
    /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)( [^ ]+)( HTTP\/1\.1)$/.exec(line) ?? [];
  const isKnown = method === '' || (METHODS.includes(method) && method !== 'CONNECT');
  const known = (isKnown ? method : KNOWN_METHOD) + readable(target) + version;
  if (method === '' || known === line) return { method: undefined, readable: bytes };
  return { method, readable: Buffer.concat([Buffer.from(known, 'latin1'), bytes.subarray(end)]) };
}
