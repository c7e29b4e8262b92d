import type { ClientConnection, ServiceMode } from '@inband/core';

/**
 * Whether the scheme of what a client asks for is https, where it is not written: what the client speaks with the trusted proxy in front says
 * more than what that speaks here. To a forward proxy TLS is only the way there.
 */
export function speaksTls({ tls, scheme }: ClientConnection, mode: ServiceMode): boolean {
  if (mode === 'forward') return false;
  return scheme === undefined ? tls !== undefined : scheme === 'https';
}
