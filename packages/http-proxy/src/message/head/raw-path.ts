import { badRequest } from './faults.ts';

const QUESTION = 0x3f;

/**
 * Checks the path that begins `bytes[start..end)` and holds bytes of 0x80 and above. They pass as they came, whatever
 * text they are, but for two things that a careless recipient reads as other bytes:
 * - overlong UTF-8 (`C0 AF` is "/", `C0 AE` is "." to a decoder that does not check);
 * - two characters in a row of which the lower bytes are CR and LF (U+010D U+010A): cut to one byte each, they end a line
 *   (CVE-2018-12116).
 */
export function checkRawPath(bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUESTION) return;
    if (byte < 0x80) continue;
    if (at + 1 < end && isOverlong(byte, bytes[at + 1]!)) throw badRequest('The path holds overlong UTF-8.');
    if (endsLineCharacter(bytes, at, start)) {
      const next = at + lengthOf(bytes[at + 1]);
      if (next > at && next < end && bytes[next] !== byte && endsLineCharacter(bytes, next, start)) {
        throw badRequest('The path holds characters that some servers read as a line end; percent-encode them.');
      }
    }
  }
}

/** Whether a UTF-8 sequence that begins so encodes what fits into a shorter one. */
function isOverlong(lead: number, next: number): boolean {
  if (next < 0x80 || next > 0xbf) return false;
  return lead === 0xc0 || lead === 0xc1 || (lead === 0xe0 && next < 0xa0) || (lead === 0xf0 && next < 0x90);
}

/** Whether a character whose UTF-8 ends at `at` has CR or LF as its lower byte: `8D` or `8A` behind six bits that end in 00. */
function endsLineCharacter(bytes: Buffer, at: number, start: number): boolean {
  const byte = bytes[at]!;
  if ((byte !== 0x8d && byte !== 0x8a) || at === start) return false;
  const before = bytes[at - 1]!;
  return before >= 0x80 && (before & 3) === 0;
}

/** Bytes of the UTF-8 sequence that begins so; 0 where none of several does. */
function lengthOf(lead: number | undefined): number {
  if (lead === undefined || lead < 0xc2) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}
