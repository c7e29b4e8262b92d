import { ascii } from './octets.ts';
import { wordsOf } from './words.ts';

const HTTP = ascii('HTTP/');

/** Length of `HTTP/1.1`. */
export const VERSION_LENGTH = 8;

const [HTTP_, _1_1] = [0, 4].map((at) => wordsOf(ascii('HTTP/1.1')).getInt32(at, true));

/** Whether the eight octets from `start` on are `HTTP/1.1`. */
export function isHttp11(words: DataView, start: number): boolean {
  return words.getInt32(start, true) === HTTP_ && words.getInt32(start + 4, true) === _1_1;
}

/**
 * The minor version of `HTTP/1.x` in `octets[start..start+8)`: what an HTTP/1 recipient understands whatever the
 * minor is (RFC 9110 section 2.5). -1: another major version. Undefined: no version at all.
 */
export function minorVersion(octets: Buffer, start: number): number | undefined {
  for (let i = 0; i < HTTP.length; i++) if (octets[start + i] !== HTTP[i]) return undefined;
  const major = octets[start + 5]! - 0x30;
  const minor = octets[start + 7]! - 0x30;
  if (octets[start + 6] !== 0x2e || major < 0 || major > 9 || minor < 0 || minor > 9) return undefined;
  return major === 1 ? minor : -1;
}
