import type { AddressInfo, Socket } from 'node:net';

/** Splits `192.0.2.1:80` or `[2001:db8::1]:80`. */
export function splitAddress(text: string): { host: string; port: number } {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = six ?? four;
  if (host === undefined) throw new Error(`"${text}" is no address with a port.`);
  return { host, port: Number(port) };
}

function joinAddress(host: string | undefined, port: number | undefined): string {
  const address = (host ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function peerOf(socket: Socket): string {
  return joinAddress(socket.remoteAddress, socket.remotePort);
}

export function localOf(socket: Socket): string {
  const { address, port } = socket.address() as Partial<AddressInfo>;
  return joinAddress(address, port);
}
