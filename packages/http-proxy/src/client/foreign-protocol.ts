import type { ProxyError } from '@inband/core';
import { badRequest } from '../message/head/faults.ts';
import type { HeadParser } from '../message/parser/head-parser.ts';

/** What begins with a byte that no request begins with. */
const BY_FIRST_BYTE: Readonly<Record<number, string>> = {
  // A TLS record of type handshake (RFC 8446 section 5.1).
  0x16: 'This is TLS, and the port speaks plain HTTP: clients reach it by http://, also where they ask it for https:// pages.',
  // Versions of SOCKS (RFC 1928 section 3).
  0x04: 'This is SOCKS 4, and the port speaks HTTP: set it as an HTTP proxy, or have the listener accept socks4a.',
  0x05: 'This is SOCKS 5, and the port speaks HTTP: set it as an HTTP proxy, or have the listener accept socks5.',
};

/** Names the protocol of a client that does not speak HTTP, by its first byte. Undefined if the byte does not tell. */
export function foreignProtocol({ buffer, base, lineStart }: HeadParser): ProxyError | undefined {
  const message = BY_FIRST_BYTE[buffer[base + lineStart] ?? 0];
  return message === undefined ? undefined : badRequest(message);
}
