import { AccessDeniedError, isOnThisMachine, type Service } from '@inband/core';
import type { HttpOptions } from '../../service/options.ts';
import type { Step } from './step.ts';

/** Ports to which clients on other machines may have tunnels if `http.connectPorts` is not set. */
export const USUAL_CONNECT_PORTS: readonly number[] = [80, 443, 8080, 8443];

/**
 * Refuses a tunnel to a port that `http.connectPorts` does not name. If it is not set, clients on this machine may use any port, because
 * they could connect there without the proxy, and others the usual ones.
 */
export function connectPorts({ name }: Service, { connectPorts: written }: HttpOptions): Step | undefined {
  if (written === 'any') return undefined;
  const ports = written ?? USUAL_CONNECT_PORTS;
  return {
    name: 'connect-ports',
    request({ request, session }) {
      if (request.form !== 'authority') return;
      const { port } = request.target;
      if (ports.includes(port)) return;
      if (written === undefined && isOnThisMachine(session.client.address)) return;
      const whose = written === undefined ? ' for clients on other machines' : '';
      throw new AccessDeniedError(
        'http_request_denied',
        `Tunnels to port ${port} are not allowed${whose}.`,
        `services.${name}.http.connectPorts`,
        { setting: 'http.connectPorts' },
      );
    },
  };
}
