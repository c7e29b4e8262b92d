import type { InetAddr, SockAddr } from '../../../base/address.ts';
import { formatIp, parseIp } from '../../../base/ip.ts';

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** `sizeof(struct sockaddr_storage)`: no address of the kernel's is longer. */
export const ADDRESS_LENGTH = 128;

const INET_LENGTH = 16;
const INET6_LENGTH = 28;
/** `sun_path` of Linux. A path in the file system needs one byte of it for the NUL at its end. */
const UNIX_PATH_LENGTH = 108;

/**
 * Writes `address` as the kernel's `struct sockaddr` (little-endian machines) and returns its length, or undefined
 * when it does not fit: a socket path that is too long, or empty, or has a NUL within. A path that begins with NUL
 * names an abstract socket.
 */
export function encodeAddress(address: SockAddr, into: Buffer): number | undefined {
  if (address.family === 'unix') return encodePath(address.path, into);
  const bytes = bytesOf(address);
  if (bytes === undefined) return undefined;
  const mapped = address.family === 'inet6' && bytes.length === 4;
  if (!mapped && bytes.length !== (address.family === 'inet' ? 4 : 16)) return undefined;
  const length = address.family === 'inet' ? INET_LENGTH : INET6_LENGTH;
  const start = address.family === 'inet' ? 4 : mapped ? 20 : 8;
  // In loops, because calls into native code cost more for so few bytes.
  for (let at = 0; at < length; at += 1) into[at] = 0;
  into[0] = address.family === 'inet' ? AF_INET : AF_INET6;
  into[2] = address.port >> 8;
  into[3] = address.port;
  if (mapped) into[18] = into[19] = 0xff;
  for (let at = 0; at < bytes.length; at += 1) into[start + at] = bytes[at] ?? 0;
  return length;
}

/** Chainers pass the same address objects again and again; their text is read once. */
const read = new WeakMap<SockAddr, Uint8Array>();

function bytesOf(address: InetAddr): Uint8Array | undefined {
  const known = read.get(address);
  if (known !== undefined) return known;
  const bytes = parseIp(address.address);
  if (bytes !== undefined) read.set(address, bytes);
  return bytes;
}

function encodePath(path: string, into: Buffer): number | undefined {
  const bytes = Buffer.from(path);
  const abstract = bytes[0] === 0;
  if (bytes.length === 0 || bytes.length > (abstract ? UNIX_PATH_LENGTH : UNIX_PATH_LENGTH - 1)) return undefined;
  if (!abstract && bytes.includes(0)) return undefined;
  into.fill(0, 0, ADDRESS_LENGTH);
  into.writeUInt16LE(AF_UNIX, 0);
  into.set(bytes, 2);
  return 2 + bytes.length + (abstract ? 0 : 1);
}

/** Reads what the kernel wrote. An IPv4 client of an IPv6 socket has an IPv4 address. Undefined for other families. */
export function decodeAddress(from: Buffer, length: number): SockAddr | undefined {
  if (length < 2) return undefined;
  switch (from.readUInt16LE(0)) {
    case AF_INET:
      if (length < INET_LENGTH) return undefined;
      return { family: 'inet', address: dottedQuad(from, 4), port: from.readUInt16BE(2) };
    case AF_INET6:
      return length < INET6_LENGTH ? undefined : decodeInet6(from);
    case AF_UNIX:
      return { family: 'unix', path: decodePath(from, Math.min(length, 2 + UNIX_PATH_LENGTH)) };
    default:
      return undefined;
  }
}

/** Texts of addresses that were seen lately, by their last bytes: the same clients come again. */
const seen = Array.from({ length: 256 }, () => ({ quad: 0, text: '0.0.0.0' }));

/** One text for one address, mostly: what looks it up finds the same string, whose hash is known. */
function dottedQuad(from: Buffer, at: number): string {
  const a = from[at]!;
  const b = from[at + 1]!;
  const c = from[at + 2]!;
  const d = from[at + 3]!;
  const quad = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  const entry = seen[(c * 31 + d) & 255]!;
  if (entry.quad !== quad) {
    entry.text = `${a}.${b}.${c}.${d}`;
    entry.quad = quad;
  }
  return entry.text;
}

function decodeInet6(from: Buffer): SockAddr {
  const port = from.readUInt16BE(2);
  const mapped = from.readUInt32LE(8) === 0 && from.readUInt32LE(12) === 0 && from.readUInt32BE(16) === 0xffff;
  if (mapped) return { family: 'inet', address: dottedQuad(from, 20), port };
  return { family: 'inet6', address: formatIp(from.subarray(8, 24)), port };
}

function decodePath(from: Buffer, end: number): string {
  if (end <= 2) return '';
  if (from[2] === 0) return from.toString('utf8', 2, end);
  const nul = from.indexOf(0, 2);
  return from.toString('utf8', 2, nul === -1 || nul > end ? end : nul);
}
