/**
 * Octets four at a time, for the loops that every octet of a head goes through. A word is read little-endian whatever
 * the machine. Everything here only skips what is plain; who calls looks at the rest octet by octet.
 */

let viewed: Uint8Array = new Uint8Array(0);
let view = new DataView(viewed.buffer);

/** The same memory to be read in words. Made once for a buffer that is used again and again. */
export function wordsOf(octets: Uint8Array): DataView {
  if (octets !== viewed) {
    viewed = octets;
    view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  }
  return view;
}

/**
 * Skips words of SP and visible ASCII (0x20 to 0x7e) from `start`: returns where a word begins that holds anything
 * else, or does not end before `stop`.
 */
export function skipVisible(words: DataView, start: number, stop: number): number {
  const last = stop - 4;
  let at = start;
  while (at <= last) {
    const word = words.getInt32(at, true);
    // The high bit of an octet is set in the first term by DEL, in the second by 0x80 and above, in the third by
    // what is below SP; a carry or borrow starts only from such an octet.
    if ((((word + 0x01010101) | word | (word - 0x20202020)) & 0x80808080) !== 0) break;
    at += 4;
  }
  return at;
}

const COLONS = 0x3a3a3a3a;

/** Where the first colon of `octets[start..stop)` is, or -1 when there is none in its whole words. */
export function findColon(words: DataView, start: number, stop: number): number {
  const last = stop - 4;
  for (let at = start; at <= last; at += 4) {
    const others = words.getInt32(at, true) ^ COLONS;
    const found = (others - 0x01010101) & ~others & 0x80808080;
    // Its lowest bit is exact; those above may be set by the borrow.
    if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
  }
  return -1;
}
