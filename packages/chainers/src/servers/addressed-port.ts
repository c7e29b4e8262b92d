import { ProxyError, type Session } from '@inband/core';
import type { ServerAddress } from '../options/server-address.ts';

/** Whether the configuration leaves the server's port open: 0 stands for the one that the client addressed. */
export function followsClient(server: ServerAddress): boolean {
  return 'port' in server && server.port === 0;
}

/**
 * The port of the address to which the session's client opened its connection: where it was going if it was
 * intercepted, else where it reached us. What its request says about ports is not used. Undefined for a client that
 * came by a Unix socket.
 */
export function addressedPort({ client }: Session): number | undefined {
  const addressed = client.originalDestination ?? client.local;
  return addressed.family === 'unix' ? undefined : addressed.port;
}

/** The server with its port filled in, where that is 0. */
export function withPort(server: ServerAddress, port: number): ServerAddress {
  return followsClient(server) ? { ...server, port } : server;
}

/** What to reject with when {@link addressedPort} gives nothing to fill in. */
export function noAddressedPort(setting: string): ProxyError {
  const message =
    'Port 0 stands for the port that the client addressed, and a client of a Unix socket addressed none: ' +
    'give the server a port, or the listener an address with a port.';
  return new ProxyError('proxy_configuration_error', message, { setting });
}
