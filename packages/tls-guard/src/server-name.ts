import { parseIp } from '@inband/core';
import { type Cursor, malformed } from './cursor.ts';
import { HelloFault } from './hello-fault.ts';

const HOST_NAME = 0;
const LONGEST_NAME = 253;
/** Matches ASCII names without a trailing dot (RFC 6066 section 3). */
const NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i;

/**
 * Reads the content of a ClientHello's `server_name` extension (RFC 6066 section 3). It may be an address, which that section forbids and simple
 * clients send. Throws a {@link HelloFault}.
 */
export function readServerName(extension: Cursor): string {
  const list = extension.vector(2);
  if (!extension.atEnd || list.atEnd) throw malformed();
  const type = list.number(1);
  const name = list.text(2);
  if (!list.atEnd) throw new HelloFault('its ClientHello names several servers');
  if (type !== HOST_NAME) throw malformed();
  if (isAddress(name)) return name;
  if (name.length > LONGEST_NAME || !NAME.test(name)) throw new HelloFault('its TLS server name is not a host name');
  return name;
}

/** Whether what stands in the place of a server's name is an address. */
export function isAddress(name: string): boolean {
  return mayBeAddress(name) && parseIp(name) !== undefined;
}

/** An IPv4 address ends in a digit, and an IPv6 address has a colon. Reading one allocates its bytes, also if it is none. */
function mayBeAddress(name: string): boolean {
  const last = name.charCodeAt(name.length - 1);
  return (last >= 0x30 && last <= 0x39) || name.includes(':');
}
