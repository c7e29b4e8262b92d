import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '../base/peer-certificate.ts';
import { TlsHandshakeError } from '../base/handshake-error.ts';

/** Why a connection is not used although its handshake is done: the certificate of the peer. */
export function refusalOf(
  socket: TLSSocket,
  peer: PeerCertificate | undefined,
  need: 'off' | 'request' | 'require',
): TlsHandshakeError | undefined {
  if (need === 'off') return undefined;
  if (peer === undefined) {
    return need === 'request' ? undefined : noCertificate();
  }
  const error = verifyError(socket);
  if (error === undefined) return undefined;
  return new TlsHandshakeError('certificate', `The certificate is not good: ${error.message}.`, { cause: error });
}

function noCertificate(): TlsHandshakeError {
  return new TlsHandshakeError('certificate', 'The peer showed no certificate.', { alert: 'certificate_required' });
}

/** What OpenSSL says of the chain. The socket of a server has no public name for it. */
function verifyError(socket: TLSSocket): Error | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const method: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'verifyError') : undefined;
  if (typeof method !== 'function') return new Error('nothing can be said about it');
  const error: unknown = Reflect.apply(method, handle, []);
  return error instanceof Error ? error : undefined;
}

/** The name of a received alert at the end of a code of Node's errors. OpenSSL does not call those of RFC 6066 alerts. */
const ALERT =
  /_ALERT_([A-Z_]+)$|_TLSV1_(UNRECOGNIZED_NAME|UNSUPPORTED_EXTENSION|CERTIFICATE_UNOBTAINABLE|BAD_CERTIFICATE_STATUS_RESPONSE|BAD_CERTIFICATE_HASH_VALUE)$/;

/** The error of a socket during its handshake, in our words. */
export function failureOf(error: NodeJS.ErrnoException): TlsHandshakeError {
  const { code = '' } = error;
  if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return noCertificate();
  const [, usual, ofExtension = usual] = ALERT.exec(code) ?? [];
  const alert = ofExtension?.toLowerCase();
  if (alert !== undefined) {
    return new TlsHandshakeError('alert', `The peer refused by the alert ${alert}.`, { cause: error, alert });
  }
  if (code.startsWith('ERR_SSL_') || error.message.includes('SSL routines')) {
    const reason: unknown = Reflect.get(error, 'reason');
    const why = typeof reason === 'string' ? reason : error.message;
    return new TlsHandshakeError('protocol', `The handshake failed: ${why}.`, { cause: error });
  }
  return new TlsHandshakeError('closed', `The connection ended during the handshake: ${error.message}`, {
    cause: error,
  });
}
