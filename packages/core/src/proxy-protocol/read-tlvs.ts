import { crc32c } from './crc32c.ts';
import { ProxyHeaderFault } from './header.ts';

const AUTHORITY = 0x02;
const CRC32C = 0x03;
const UNIQUE_ID = 0x05;
const SSL = 0x20;

/** A type, and the length of the value. */
const TLV_HEAD = 3;
/** Flags, and the result of the verification of the client. */
const SSL_HEAD = 5;

/** The longest values of what has a limit of its own. */
const LONGEST: ReadonlyMap<number, number> = new Map([
  [AUTHORITY, 255],
  [UNIQUE_ID, 128],
]);

/**
 * Checks the fields (TLV) in `bytes[at..end)` of the header that begins at `start`: that each is whole, and the checksum where there is one.
 * Nothing else is read of them. Throws a {@link ProxyHeaderFault}.
 */
export function checkTlvs(bytes: Buffer, start: number, at: number, end: number): void {
  let hasChecksum = false;
  for (const { type, from, to } of tlvsIn(bytes, at, end)) {
    const longest = LONGEST.get(type) ?? Infinity;
    if (to - from > longest) throw new ProxyHeaderFault(`its field ${type} is longer than ${longest} bytes`);
    if (type === SSL) checkSsl(bytes, from, to);
    if (type !== CRC32C) continue;
    if (hasChecksum || to - from !== 4) throw new ProxyHeaderFault('its checksum is not one number of four bytes');
    hasChecksum = true;
    if (bytes.readUInt32BE(from) !== crc32c(bytes, start, end, from)) {
      throw new ProxyHeaderFault('its checksum is wrong');
    }
  }
}

/** It has fields of its own. */
function checkSsl(bytes: Buffer, from: number, to: number): void {
  if (to - from < SSL_HEAD) throw new ProxyHeaderFault('its field about TLS is too short');
  for (const _ of tlvsIn(bytes, from + SSL_HEAD, to));
}

function* tlvsIn(bytes: Buffer, start: number, end: number): Generator<{ type: number; from: number; to: number }> {
  let at = start;
  while (at < end) {
    const from = at + TLV_HEAD;
    const to = from <= end ? from + bytes.readUInt16BE(at + 1) : from;
    if (to > end) throw new ProxyHeaderFault('one of its fields ends behind the header');
    yield { type: bytes[at]!, from, to };
    at = to;
  }
}
