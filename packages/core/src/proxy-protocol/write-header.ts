import type { InetAddr } from '../base/address.ts';
import { parseIp } from '../base/ip.ts';
import { V2_SIGNATURE } from './header-reader.ts';
import type { ProxyHeader, ProxyVersion } from './header.ts';

const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPEC = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/** The bytes of a header. Version 1 has no `LOCAL`, and says `UNKNOWN` instead. */
export function writeHeader(version: ProxyVersion, header: ProxyHeader): Buffer {
  return version === 'v1' ? writeV1(header) : writeV2(header);
}

function writeV1(header: ProxyHeader): Buffer {
  if (header.kind !== 'proxied') return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { source, destination } = header;
  const isIpv4 = source.family === 'inet' && destination.family === 'inet';
  const textOf = ({ family, address }: InetAddr): string =>
    !isIpv4 && family === 'inet' ? `::ffff:${address}` : address;
  const addresses = `${textOf(source)} ${textOf(destination)} ${source.port} ${destination.port}`;
  return Buffer.from(`PROXY ${isIpv4 ? 'TCP4' : 'TCP6'} ${addresses}\r\n`, 'latin1');
}

function writeV2(header: ProxyHeader): Buffer {
  if (header.kind === 'local') return fixed(LOCAL, UNSPEC, []);
  if (header.kind === 'unknown') return fixed(PROXY, UNSPEC, []);
  const { source, destination } = header;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port);
  ports.writeUInt16BE(destination.port, 2);
  const ends = [bytesOf(source), bytesOf(destination)];
  if (ends.every((end) => end.length === 4)) return fixed(PROXY, TCP4, [...ends, ports]);
  // Of two families, the IPv4 address is mapped.
  return fixed(PROXY, TCP6, [...ends.map((end) => (end.length === 4 ? Buffer.concat([MAPPED, end]) : end)), ports]);
}

function fixed(command: number, family: number, addresses: readonly Uint8Array[]): Buffer {
  const block = Buffer.concat(addresses);
  return Buffer.concat([V2_SIGNATURE, Buffer.from([command, family, block.length >> 8, block.length & 0xff]), block]);
}

function bytesOf({ address }: InetAddr): Uint8Array {
  const bytes = parseIp(address);
  if (bytes === undefined) throw new Error(`${address} is no address.`);
  return bytes;
}
