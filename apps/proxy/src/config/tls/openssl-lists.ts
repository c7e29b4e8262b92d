import type * as tls from '@inband/tls';
import type { ConfigPath, Problem } from '../problem/problem.ts';

const MESSAGES = {
  ciphers: 'OpenSSL has no such ciphers; "openssl ciphers -v" lists those that it has.',
  groups: 'OpenSSL has not all of these groups; those that it has are X25519MLKEM768, X25519, P-256 and others.',
};

/** What OpenSSL would refuse at each handshake: `ciphers` and `groups` that it does not know. `written`: the `tls` of a listener. */
export function listProblems(
  implementation: tls.TlsImplementation,
  written: Record<string, unknown>,
  path: ConfigPath,
): Problem[] {
  return (['ciphers', 'groups'] as const).flatMap((key): Problem[] => {
    const list = written[key];
    // The schema says what is wrong with others.
    if (typeof list !== 'string' || list === '') return [];
    try {
      // Lists mean the same on both sides, and a client needs no certificate.
      implementation.clientContext({ ca: [], [key]: list }).release();
      return [];
    } catch {
      return [{ path: [...path, key], message: MESSAGES[key] }];
    }
  });
}
