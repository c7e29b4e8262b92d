import type { NetworkList } from './network-list.ts';

const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;

/**
 * Adds the network of a line that is nothing but an IPv4 address or network, as most lines of a large file are. It makes no text and no bytes,
 * which is a fifth of the time of `parseNetwork`. False for every other line: that may be wrong, or a network all the same.
 */
export function addPlainNetwork(text: string, start: number, end: number, networks: NetworkList): boolean {
  let index = start;
  let address = 0;
  for (let part = 0; part < 4; part += 1) {
    if (part > 0 && text.charCodeAt(index++) !== DOT) return false;
    const first = index;
    index = endOfDigits(text, first, end);
    const value = numberAt(text, first, index);
    if (value > 255) return false;
    address = (address << 8) | value;
  }
  if (index === end) return networks.addKey4(address, 32);
  if (text.charCodeAt(index) !== SLASH) return false;
  const prefix = numberAt(text, index + 1, end);
  if (prefix > 32) return false;
  const key = prefix === 0 ? 0 : address >> (32 - prefix);
  // Bits beyond the prefix are wrong.
  const network = prefix === 0 ? 0 : key << (32 - prefix);
  return network === address && networks.addKey4(key, prefix);
}

/** Of at most three digits. */
function endOfDigits(text: string, start: number, end: number): number {
  const most = Math.min(start + 3, end);
  let index = start;
  while (index < most && isDigit(text.charCodeAt(index))) index += 1;
  return index;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

/** Infinity for a text that is no decimal number of one to three digits without leading zeros. */
function numberAt(text: string, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > 3 || (length > 1 && text.charCodeAt(start) === ZERO)) return Infinity;
  let value = 0;
  for (let index = start; index < end; index += 1) {
    const code = text.charCodeAt(index);
    if (!isDigit(code)) return Infinity;
    value = value * 10 + (code - ZERO);
  }
  return value;
}
