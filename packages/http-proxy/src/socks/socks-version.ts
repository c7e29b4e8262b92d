/** 5 is RFC 1928. 4 has names by its extension 4A. */
export type SocksVersion = 4 | 5;

/** The version that a client speaks, by its first byte. Undefined for every other protocol. */
export function socksVersion(firstByte: number | undefined): SocksVersion | undefined {
  return firstByte === 4 || firstByte === 5 ? firstByte : undefined;
}
