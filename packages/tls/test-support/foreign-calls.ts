import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
const library = koffi.load(null);

/** Has the next write of this connection change its keys, and ask the peer for the same (TLS 1.3). */
export const requestKeyUpdate: (ssl: number, type: number) => number = library.func(
  'int SSL_key_update(int64_t ssl, int type)',
);
/** Has the next call begin another handshake (TLS 1.2), after {@link allowRenegotiation}. */
export const renegotiate: (ssl: number) => number = library.func('int SSL_renegotiate(int64_t ssl)');
const clearOptions: (ssl: number, options: number) => number = library.func(
  'uint64_t SSL_clear_options(int64_t ssl, uint64_t options)',
);

export function allowRenegotiation(ssl: number): void {
  clearOptions(ssl, 2 ** 30);
}
