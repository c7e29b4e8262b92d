import { inetAddr, type InetAddr } from '../base/address.ts';
import { formatIp } from '../base/ip.ts';
import { MORE, type ProxyHeader, ProxyHeaderFault, type ReadHeader } from './header.ts';
import { checkTlvs } from './read-tlvs.ts';

/** Of what stands before the addresses. */
export const FIXED = 16;

/** Bytes. The specification lets a header have 64 KiB; what proxies write is shorter than this. */
export const LONGEST_HEADER = 4096;

const UNSPEC = 0x00;
/** Bytes of both addresses and ports, by family and protocol: TCP over IPv4, over IPv6, and Unix streams. */
const ADDRESSES: ReadonlyMap<number, number> = new Map([
  [0x11, 12],
  [0x21, 36],
  [0x31, 216],
]);

/** Reads the header that begins at `bytes[start]` with the signature. Throws a {@link ProxyHeaderFault}. */
export function readV2(bytes: Buffer, start: number, end: number): ReadHeader {
  if (end - start < FIXED) return MORE;
  const length = FIXED + bytes.readUInt16BE(start + 14);
  if (length > LONGEST_HEADER) throw new ProxyHeaderFault(`it is longer than ${LONGEST_HEADER} bytes`);
  // Before the rest has come, because what is wrong already does not become right.
  const command = bytes[start + 12]!;
  if (command >> 4 !== 2) throw new ProxyHeaderFault('its version is not 2');
  if ((command & 0xf) > 1) throw new ProxyHeaderFault('its command is neither LOCAL nor PROXY');
  if (end - start < length) return MORE;
  // Of what follows LOCAL nothing is read.
  const header = (command & 0xf) === 0 ? LOCAL : headerOf(bytes, start, start + length);
  return { kind: 'complete', header, length };
}

const LOCAL: ProxyHeader = { kind: 'local' };

function headerOf(bytes: Buffer, start: number, end: number): ProxyHeader {
  const family = bytes[start + 13]!;
  // Nobody says how long its addresses are, so that fields behind them cannot be told.
  if (family === UNSPEC) return { kind: 'unknown' };
  const size = ADDRESSES.get(family);
  if (size === undefined)
    throw new ProxyHeaderFault('its addresses are of no family and protocol that a TCP connection has');
  const at = start + FIXED;
  if (at + size > end) throw new ProxyHeaderFault('it is too short for its addresses');
  checkTlvs(bytes, start, at + size, end);
  if (family === 0x31) return { kind: 'unknown' };
  const bytesOf = (size - 4) / 2;
  const port = at + 2 * bytesOf;
  return {
    kind: 'proxied',
    source: addressAt(bytes, at, bytesOf, bytes.readUInt16BE(port)),
    destination: addressAt(bytes, at + bytesOf, bytesOf, bytes.readUInt16BE(port + 2)),
  };
}

/** By its text, so that an IPv4-mapped address becomes the one that it maps. */
function addressAt(bytes: Buffer, at: number, size: number, port: number): InetAddr {
  const address = inetAddr(formatIp(bytes.subarray(at, at + size)), port);
  if (address === undefined) throw new Error('Bytes of an address are no address.');
  return address;
}
