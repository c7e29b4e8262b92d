import type { ProxyError, SockAddr } from '@inband/core';
import { brokenError } from '../base/connection-errors.ts';
import { TlsHandshakeError } from '../base/handshake-error.ts';
import type { EngineFault } from '../base/tls-engine.ts';

/** SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE */
const NO_CERTIFICATE = 199;

/** Why a handshake failed. */
export function handshakeError(fault: EngineFault): TlsHandshakeError {
  const { alert, code, reason, verification } = fault;
  const detail = alert === undefined ? {} : { alert: alert.name };
  if (verification !== undefined) {
    return new TlsHandshakeError('certificate', `The certificate is not good: ${verification.text}.`, detail);
  }
  if (code === NO_CERTIFICATE) return new TlsHandshakeError('certificate', 'The peer showed no certificate.', detail);
  if (alert?.direction === 'received') {
    return new TlsHandshakeError('alert', `The peer refused by the alert ${alert.name}.`, detail);
  }
  return new TlsHandshakeError('protocol', `The handshake failed: ${reason}.`, detail);
}

/** Why an established connection cannot go on. */
export function connectionError({ alert, reason }: EngineFault, remote: SockAddr): ProxyError {
  return brokenError(alert?.direction === 'received' ? `the peer has sent the alert ${alert.name}` : reason, remote);
}

/** The peer makes this side answer, and does not read the answers. */
export function unreadAnswersError(remote: SockAddr): ProxyError {
  return brokenError('the peer asks for answers within TLS and does not read them', remote);
}
