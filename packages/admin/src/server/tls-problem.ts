import type { TlsOptions } from '../base/options.ts';

/** Why a certificate and its key are of no use; undefined if they are. */
export function tlsProblem({ cert, key }: TlsOptions): string | undefined {
  // Not imported, because everything else that uses this package would load TLS with it.
  const { createSecureContext } = process.getBuiltinModule('node:tls');
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
