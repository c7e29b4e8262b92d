import type { InetAddr, SockAddr } from '../base/address.ts';
import type { ClientConnection } from '../session/session-view.ts';
import type { ProxyHeader, ProxyVersion } from './header.ts';
import { writeHeader } from './write-header.ts';

/** The header that tells a server about the client of a connection. */
export function headerForClient(version: ProxyVersion, client: ClientConnection): Buffer {
  return writeHeader(version, headerOf(client));
}

/**
 * What tells apart connections that begin with a header: they are for the clients of one address. A client that has none shares them with
 * others that have none.
 */
export function headerKey(version: ProxyVersion, { address, isProxyItself }: ClientConnection): string {
  if (isProxyItself === true) return `PROXY ${version} LOCAL`;
  return `PROXY ${version} ${address.family === 'unix' ? 'UNKNOWN' : address.address}`;
}

function headerOf(client: ClientConnection): ProxyHeader {
  if (client.isProxyItself === true) return { kind: 'local' };
  const { address: source } = client;
  if (source.family === 'unix') return { kind: 'unknown' };
  return { kind: 'proxied', source, destination: reachedBy(client, source) };
}

/** Where the client was connecting to: where it was intercepted, that is not the address on which it was accepted. */
function reachedBy({ originalDestination, serverStream, local }: ClientConnection, source: InetAddr): InetAddr {
  const reached: SockAddr = serverStream === undefined ? (originalDestination ?? local) : local;
  if (reached.family !== 'unix') return reached;
  return { family: source.family, address: source.family === 'inet' ? '0.0.0.0' : '::', port: 0 };
}
