import { AccessDeniedError, isOnThisMachine, type ClientConnection } from '@inband/core';
import type { HttpContext } from '../service/context.ts';

/** Where clients on other machines may have tunnels to, unless `http.connectPorts` says something else. */
export const USUAL_CONNECT_PORTS: readonly number[] = [80, 443, 8080, 8443];

/**
 * Refuses a tunnel to a port that `http.connectPorts` does not name. Not written, it is any port for clients on this machine,
 * which could connect there without us, and the usual ones for others.
 */
export function checkConnectPort({ options, service }: HttpContext, client: ClientConnection, port: number): void {
  const { connectPorts } = options;
  if (connectPorts === 'any') return;
  if ((connectPorts ?? USUAL_CONNECT_PORTS).includes(port)) return;
  if (connectPorts === undefined && isOnThisMachine(client.address)) return;
  const whose = connectPorts === undefined ? ' for clients on other machines' : '';
  throw new AccessDeniedError(
    'http_request_denied',
    `Tunnels to port ${port} are not allowed${whose}.`,
    `services.${service.name}.http.connectPorts`,
    { setting: 'http.connectPorts' },
  );
}
