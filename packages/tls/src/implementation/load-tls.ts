import type { TlsImplementation } from '../base/implementation.ts';
import { nodeImplementation } from '../node/node-implementation.ts';
import { opensslImplementation } from './openssl-implementation.ts';

/** What {@link loadTls} tells. */
export interface TlsLoadLog {
  /** One sentence. */
  warn(message: string): void;
}

/** For tests: the name of the implementation that is to be used, in the environment. */
const FORCED = 'INBAND_TLS_IMPLEMENTATION';

/** Chooses once between OpenSSL, called directly, and `node:tls`. */
export class TlsLoader {
  readonly #openssl: () => TlsImplementation;
  #loaded: TlsImplementation | undefined;

  /** `openssl` throws an error that says why it cannot be used. */
  constructor(openssl: () => TlsImplementation) {
    this.#openssl = openssl;
  }

  /** See {@link loadTls}. */
  load(log: TlsLoadLog): TlsImplementation {
    return (this.#loaded ??= process.env[FORCED] === 'node' ? nodeImplementation : this.#opensslIfUsable(log));
  }

  #opensslIfUsable(log: TlsLoadLog): TlsImplementation {
    try {
      return this.#openssl();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.warn(`TLS costs more than it need, because it goes through node:tls: ${why}`);
      return nodeImplementation;
    }
  }
}

const ofThisProcess = new TlsLoader(opensslImplementation);

/**
 * What speaks TLS in this process: OpenSSL called directly where it is as expected, else `node:tls`, which costs several times as
 * much. Then the log says why, the first time only.
 */
export function loadTls(log: TlsLoadLog): TlsImplementation {
  return ofThisProcess.load(log);
}
