import { AccessDeniedError, foldHost, type HostPort } from '@inband/core';
import type { ClientHello } from './client-hello.ts';
import type { GuardContext } from './context.ts';

/**
 * Gives the name that the ClientHello asks for if the tunnel may go on: it is the host of the tunnel, or on the allow
 * list. Throws an `AccessDeniedError` otherwise. `target` is what the tunnel was opened to, where anybody said so.
 */
export function judgeName({ serverName }: ClientHello, target: HostPort | undefined, context: GuardContext): string {
  if (serverName === undefined) throw refused('its ClientHello names no server', context);
  const name = foldHost(serverName);
  if (context.allowed.has(name) || (target !== undefined && name === foldHost(target.host))) return name;
  const host = target === undefined ? '' : `not the host of the tunnel, "${target.host}", and `;
  throw refused(`its TLS server name, "${name}", is ${host}not on the allow list`, context);
}

/** The error of a tunnel that may not go on; `reason` is what is wrong with it. */
export function refused(reason: string, { setting }: GuardContext): AccessDeniedError {
  return new AccessDeniedError('http_request_denied', `The tunnel was refused: ${reason}.`, setting, { setting });
}
