import type { Network } from './network-list.ts';

/** Addresses of one family, from the first to the last. */
export interface AddressRange {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/**
 * The addresses for which `isIn` is true, as few ranges as possible, sorted, IPv4 first. It must be the same for all addresses that no network
 * tells apart: so it is asked once for each piece between two ends of networks.
 */
export function rangesWhere(networks: Iterable<Network>, isIn: (address: Uint8Array) => boolean): AddressRange[] {
  const ends = { 4: new Set([0n]), 16: new Set([0n]) };
  for (const { bytes, prefix } of networks) {
    const length = bytes.length === 4 ? 4 : 16;
    const first = numberOf(bytes);
    ends[length].add(first).add(first + (1n << BigInt(length * 8 - prefix)));
  }
  return ([4, 16] as const).flatMap((length) => rangesBetween([...ends[length]], length, isIn));
}

function rangesBetween(ends: bigint[], length: 4 | 16, isIn: (address: Uint8Array) => boolean): AddressRange[] {
  const limit = 1n << BigInt(length * 8);
  const starts = ends.filter((end) => end < limit).toSorted((a, b) => (a < b ? -1 : 1));
  const ranges: AddressRange[] = [];
  let first: bigint | undefined;
  const close = (end: bigint): void => {
    if (first !== undefined) ranges.push({ first: bytesOf(first, length), last: bytesOf(end - 1n, length) });
    first = undefined;
  };
  for (const start of starts) {
    if (isIn(bytesOf(start, length))) first ??= start;
    else close(start);
  }
  close(limit);
  return ranges;
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function bytesOf(number: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = number;
  for (let index = length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
