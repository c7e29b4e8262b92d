/**
 * What the client and the origin of tunnels say to each other. A client that speaks first decides: `e` and 99 more
 * bytes are echoed; `s`, a number and a line feed ask for that many bytes of the pattern. A tunnel without bytes stays
 * open. A CONNECT that reaches the origin, because the proxy merely relays TCP, is answered with 200.
 */

/** Bytes of one exchange, either way. */
export const EXCHANGE_SIZE = 100;

/** Bytes after which the pattern repeats. */
export const PATTERN_SIZE = 1024 * 1024;

export const EXCHANGE = Buffer.alloc(EXCHANGE_SIZE, 'exchange ');

export const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** The byte at `offset` of what the origin sends in volume. */
export function patternAt(offset: number): number {
  const place = offset % PATTERN_SIZE;
  return (place * 31 + (place >> 8) * 7) & 255;
}

/** One period of the pattern. */
export function pattern(): Buffer {
  const bytes = Buffer.alloc(PATTERN_SIZE);
  for (let offset = 0; offset < PATTERN_SIZE; offset += 1) bytes[offset] = patternAt(offset);
  return bytes;
}

export function askForVolume(bytes: number): string {
  return `s${bytes}\n`;
}
