import { inetAddr, type SockAddr } from '@inband/core';

/**
 * Reads an address to listen on: `127.0.0.1:3128`, `[::1]:3128`, `:3128` (every address of this machine, both
 * families), `unix:/run/inband.sock`. Port 0 lets the kernel choose one. Names are not addresses: undefined.
 */
export function parseSockAddr(text: string): SockAddr | undefined {
  if (text.startsWith('unix:')) return unixAddr(text.slice('unix:'.length));
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, inBrackets, plain = '', digits] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (inBrackets === undefined) {
    return plain === '' ? inetAddr('::', port) : inetAddr(plain, port);
  }
  return inBrackets.includes(':') ? inetAddr(inBrackets, port) : undefined;
}

/** The kernel's limit for the path is 107 octets and a terminator. */
function unixAddr(path: string): SockAddr | undefined {
  const fits = path.startsWith('/') && !path.includes('\0') && Buffer.byteLength(path) <= 107;
  return fits ? { family: 'unix', path } : undefined;
}
