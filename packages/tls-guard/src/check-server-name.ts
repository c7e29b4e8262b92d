import { AccessDeniedError, foldHost, type HostPort } from '@inband/core';
import type { ClientHello } from './client-hello.ts';
import type { GuardContext } from './context.ts';

/**
 * Returns the server name (SNI) of a ClientHello if it is the host of the tunnel or on the allow list. Throws an
 * `AccessDeniedError` otherwise. `target` is the target of the CONNECT request, or undefined if there was none.
 */
export function checkServerName(
  { serverName, hasAddress, hasEncrypted }: ClientHello,
  target: HostPort | undefined,
  context: GuardContext,
): string {
  if (hasEncrypted && context.options.ech === 'refuse') {
    throw refused('its ClientHello has an encrypted one in it (ECH), or what looks so', context);
  }
  if (hasAddress) throw refused('its TLS server name is an address, not a name', context);
  if (serverName === undefined) throw refused('its ClientHello names no server', context);
  const name = foldHost(serverName);
  if (context.allowed.matches(name) || (target !== undefined && name === foldHost(target.host))) return name;
  const host = target === undefined ? '' : `not the host of the tunnel, "${target.host}", and `;
  throw refused(`its TLS server name, "${name}", is ${host}not on the allow list`, context);
}

/** Makes the error of a refused tunnel. `reason` is the end of a sentence: "it does not begin with TLS". */
export function refused(reason: string, { setting }: GuardContext): AccessDeniedError {
  return new AccessDeniedError('http_request_denied', `The tunnel was refused: ${reason}.`, setting, { setting });
}
