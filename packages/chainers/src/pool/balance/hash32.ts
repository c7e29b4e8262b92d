/** A hash of 32 bits of text, by its UTF-16 units: FNV-1a, and the last steps of MurmurHash3, which spread similar texts. */
export function hashText(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/** A hash of 32 bits of two of them. */
export function hashPair(one: number, other: number): number {
  return mix(Math.imul(one ^ 0x9e3779b9, 0x85ebca6b) ^ mix(other));
}

/** Spreads the bits of a number over 32 bits. Two numbers are never made one. */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
