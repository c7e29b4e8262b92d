import { ascii } from './bytes.ts';
import { wordsOf } from './words.ts';

const HTTP = ascii('HTTP/');

/** Length of `HTTP/1.1`. */
export const VERSION_LENGTH = 8;

const [HTTP_, _1_1] = [0, 4].map((at) => wordsOf(ascii('HTTP/1.1')).getInt32(at, true));

/** Whether the eight bytes from `start` on are `HTTP/1.1`. */
export function isHttp11(words: DataView, start: number): boolean {
  return words.getInt32(start, true) === HTTP_ && words.getInt32(start + 4, true) === _1_1;
}

/**
 * The minor version of `HTTP/1.x` in `bytes[start..start+8)`. An HTTP/1 recipient understands every minor version (RFC 9110 section
 * 2.5). -1 for another major version, undefined for no version at all.
 */
export function minorVersion(bytes: Buffer, start: number): number | undefined {
  for (let i = 0; i < HTTP.length; i++) if (bytes[start + i] !== HTTP[i]) return undefined;
  const major = bytes[start + 5]! - 0x30;
  const minor = bytes[start + 7]! - 0x30;
  if (bytes[start + 6] !== 0x2e || major < 0 || major > 9 || minor < 0 || minor > 9) return undefined;
  return major === 1 ? minor : -1;
}
