import { ProxyError, type Session } from '@inband/core';
import type { ServerAddress } from '../options/server-address.ts';

/** Whether the server's port is 0, which stands for the port that the client addressed. */
export function followsClient(server: ServerAddress): boolean {
  return 'port' in server && server.port === 0;
}

/**
 * The port of the address to which the session's client opened its connection: the original destination of an
 * intercepted client, else the address of the listener. Ports in its request are not used. Undefined for a client of a unix
 * socket.
 */
export function addressedPort({ client }: Session): number | undefined {
  const addressed = client.originalDestination ?? client.local;
  return addressed.family === 'unix' ? undefined : addressed.port;
}

/** The server with `port` in place of 0. */
export function withPort(server: ServerAddress, port: number): ServerAddress {
  return followsClient(server) ? { ...server, port } : server;
}

/** The error if {@link addressedPort} is undefined. */
export function noAddressedPort(setting: string): ProxyError {
  const message =
    'Port 0 stands for the port that the client addressed, and a client of a Unix socket addressed none: ' +
    'give the server a port, or the listener an address with a port.';
  return new ProxyError('proxy_configuration_error', message, { setting });
}
