import { AccessDeniedError, isOnThisMachine } from '@inband/core';
import type { HttpOptions } from '../../service/options.ts';
import type { Call, Step } from './step.ts';

/** Ports to which clients on other machines may have tunnels if `http.connectPorts` is not set. */
export const USUAL_CONNECT_PORTS: readonly number[] = [80, 443, 8080, 8443];

/**
 * Refuses a tunnel to a port that `http.connectPorts` does not name. If it is not set, clients on this machine may use any port, because
 * they could connect there without the proxy, and others the usual ones.
 */
export function connectPorts({ connectPorts: written }: Pick<HttpOptions, 'connectPorts'>): Step | undefined {
  return written === 'any' ? undefined : { name: 'connect-ports', request: checkConnectPort };
}

/** Throws if it is a tunnel, to a port to which the service allows none. */
export function checkConnectPort({ request, session, context }: Call): void {
  const { connectPorts: written } = context.options;
  if (request.form !== 'authority' || written === 'any') return;
  const { port } = request.target;
  if ((written ?? USUAL_CONNECT_PORTS).includes(port)) return;
  if (written === undefined && isOnThisMachine(session.client.address)) return;
  const whose = written === undefined ? ' for clients on other machines' : '';
  throw new AccessDeniedError(
    'http_request_denied',
    `Tunnels to port ${port} are not allowed${whose}.`,
    `services.${context.service.name}.http.connectPorts`,
    { setting: 'http.connectPorts' },
  );
}
