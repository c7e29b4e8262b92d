/** The polynomial of Castagnoli, reflected. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest & 1) === 0 ? rest >>> 1 : (rest >>> 1) ^ POLYNOMIAL;
  return rest;
});

/** CRC32C of `bytes[start..end)`, as if `bytes[zeros..zeros + 4)` were zero. */
export function crc32c(bytes: Uint8Array, start: number, end: number, zeros = end): number {
  let rest = -1;
  for (let at = start; at < end; at += 1) {
    const byte = at >= zeros && at < zeros + 4 ? 0 : bytes[at]!;
    rest = TABLE[(rest ^ byte) & 0xff]! ^ (rest >>> 8);
  }
  return (rest ^ -1) >>> 0;
}
