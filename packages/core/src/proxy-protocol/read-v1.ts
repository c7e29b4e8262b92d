import { type InetAddr, inetAddr } from '../base/address.ts';
import { MORE, type ProxyHeader, ProxyHeaderFault, type ReadHeader } from './header.ts';

/** The longest line, CRLF included. */
const LONGEST = 107;

const CR = 0x0d;
const LF = 0x0a;

/** Reads the line that begins at `bytes[start]` with `PROXY `. Throws a {@link ProxyHeaderFault}. */
export function readV1(bytes: Uint8Array, start: number, end: number): ReadHeader {
  const stop = Math.min(end, start + LONGEST);
  const lineEnd = bytes.subarray(start, stop).indexOf(LF);
  if (lineEnd < 0) {
    if (end - start >= LONGEST) throw new ProxyHeaderFault(`its line is longer than ${LONGEST} bytes`);
    return MORE;
  }
  if (bytes[start + lineEnd - 1] !== CR) throw new ProxyHeaderFault('its line does not end with CRLF');
  const line = Buffer.from(bytes.buffer, bytes.byteOffset + start, lineEnd - 1).toString('latin1');
  return { kind: 'complete', header: headerOf(line), length: lineEnd + 1 };
}

function headerOf(line: string): ProxyHeader {
  const [, protocol, source, destination, sourcePort, destinationPort, ...more] = line.split(' ');
  // What follows it means nothing.
  if (protocol === 'UNKNOWN') return { kind: 'unknown' };
  if (protocol !== 'TCP4' && protocol !== 'TCP6') {
    throw new ProxyHeaderFault('its protocol is none of TCP4, TCP6 and UNKNOWN');
  }
  if (more.length > 0) throw new ProxyHeaderFault('its line has more than two addresses and two ports');
  return {
    kind: 'proxied',
    source: addressOf(protocol, source, sourcePort),
    destination: addressOf(protocol, destination, destinationPort),
  };
}

function addressOf(protocol: 'TCP4' | 'TCP6', address = '', port = ''): InetAddr {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) {
    throw new ProxyHeaderFault('a port in its line is no number from 0 to 65535');
  }
  const isOfFamily = address.includes(':') === (protocol === 'TCP6');
  const found = isOfFamily ? inetAddr(address, Number(port)) : undefined;
  if (found === undefined) throw new ProxyHeaderFault(`an address in its line is none of ${protocol}`);
  return found;
}
