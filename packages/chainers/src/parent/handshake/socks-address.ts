import { parseIp, ProxyError } from '@inband/core';
import type { HandshakeTarget } from './handshake.ts';

const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** The longest name: its length is one byte. */
const LONGEST_NAME = 255;

/** Address and port of a SOCKS5 request (RFC 1928 section 5). */
export function socks5Address({ host, port }: HandshakeTarget): Buffer {
  const address = parseIp(host);
  const bytes = address ?? nameBytes(host);
  const kind = address === undefined ? [NAME, bytes.length] : [address.length === 4 ? IPV4 : IPV6];
  return Buffer.concat([Buffer.from(kind), bytes, portBytes(port)]);
}

/** Bytes of an address and a port that begin with `kind`, the byte before them; undefined for a kind that there is not. */
export function socks5AddressLength(kind: number, next: number): number | undefined {
  if (kind === IPV4) return 4 + 2;
  if (kind === IPV6) return 16 + 2;
  return kind === NAME ? 1 + next + 2 : undefined;
}

/** Throws a `ProxyError` if a SOCKS request cannot hold the name. */
export function nameBytes(host: string): Buffer {
  const bytes = Buffer.from(host, 'latin1');
  if (bytes.length > 0 && bytes.length <= LONGEST_NAME && !bytes.includes(0)) return bytes;
  throw new ProxyError('http_request_error', 'The name of the host cannot be said in SOCKS: it is too long, or empty.');
}

export function portBytes(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff]);
}
