import { ProxyError, type ProxyErrorCode, type ReceivedAlert, type SockAddr, formatSockAddr } from '@inband/core';
import { alertNumber } from '../base/alerts.ts';
import type { HandshakeFailure, TlsHandshakeError } from '../base/handshake-error.ts';

/** Whose handshake has failed. */
export interface RefusedServer {
  readonly address: SockAddr;
  /** The name or address that it is known by. */
  readonly name: string;
}

const CODES: Readonly<Record<HandshakeFailure, ProxyErrorCode>> = {
  certificate: 'tls_certificate_error',
  alert: 'tls_alert_received',
  protocol: 'tls_protocol_error',
  closed: 'connection_terminated',
};

/** What may be done about an alert, by its name. */
const BY_ALERT: Readonly<Record<string, string>> = {
  certificate_required: 'cert',
  bad_certificate: 'cert',
  unsupported_certificate: 'cert',
  certificate_expired: 'cert',
  certificate_revoked: 'cert',
  certificate_unknown: 'cert',
  unknown_ca: 'cert',
  access_denied: 'cert',
  handshake_failure: 'cert',
  protocol_version: 'minVersion',
  unrecognized_name: 'servername',
};

/** The error of a session whose server cannot be used. It names the setting that matters, if one does. */
export function handshakeRefusal(error: TlsHandshakeError, server: RefusedServer): ProxyError {
  const { failure, message, alert = '' } = error;
  if (failure === 'certificate') return untrusted(error, server);
  const option = failure === 'alert' ? BY_ALERT[alert] : undefined;
  const advice = option === undefined ? '' : ` See tls.${option}.`;
  return new ProxyError(CODES[failure], `${called(server)}: ${asSentence(message)}${advice}`, {
    address: server.address,
    cause: error,
    ...(failure === 'alert' && { alert: receivedAlert(alert) }),
    ...(option !== undefined && { setting: `chainer.tls.${option}` }),
  });
}

/** Undefined for one that is not registered. */
function receivedAlert(name: string): ReceivedAlert | undefined {
  const number = alertNumber(name);
  return number === undefined ? undefined : { number, name };
}

/** What OpenSSL says of a chain, beside that it leads nowhere. */
const OWN_FAULT = /expired|not yet valid|revoked|invalid purpose|unsuitable|signature failure|too weak|too small/;

/** What it says of lists of revoked certificates, beside that a certificate is on one. */
const OF_A_LIST = /\bCRL\b/;

function untrusted(error: TlsHandshakeError, server: RefusedServer): ProxyError {
  const { cause } = error;
  const why = asSentence(cause instanceof Error ? cause.message : error.message).slice(0, -1);
  if (OF_A_LIST.test(why)) {
    const text = `whether its certificate is revoked is not known: ${why}. A list of each authority belongs in tls.crl`;
    return certificateRefusal(server, text, 'crl', error);
  }
  if (OWN_FAULT.test(why)) return certificateRefusal(server, `its certificate is not good: ${why}`, undefined, error);
  const text = `its certificate leads to no authority that is trusted: ${why}. The file of its authority belongs in tls.ca`;
  return certificateRefusal(server, text, 'ca', error);
}

/** The error of a server whose certificate is not what it should be. `why` is the rest of a sentence. */
export function certificateRefusal(
  server: RefusedServer,
  why: string,
  option?: 'ca' | 'crl' | 'servername' | 'pin',
  cause?: Error,
): ProxyError {
  return new ProxyError('tls_certificate_error', `${called(server)}: ${why}.`, {
    address: server.address,
    ...(cause && { cause }),
    ...(option && { setting: `chainer.tls.${option}` }),
  });
}

/** `10.0.0.9:443 (web.example)` */
function called({ address, name }: RefusedServer): string {
  const text = formatSockAddr(address);
  return name === '' || ('address' in address && address.address === name) ? text : `${text} (${name})`;
}

function asSentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
