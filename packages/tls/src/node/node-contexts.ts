import { constants, randomBytes } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { TlsConfigurationError } from '../base/configuration-error.ts';
import type { TlsClientContext, TlsClientOptions, TlsServerContext, TlsServerOptions } from '../base/implementation.ts';
import { sessionContextOf } from '../base/session-context.ts';
import type { Shown } from './socket-facts.ts';

/** Names of which a session is kept. */
const MOST_SESSIONS = 1_000;
/** Bytes of the key that Node takes for tickets. It knows no former ones. */
const NODE_TICKET_KEYS = 48;

abstract class NodeContext {
  readonly alpn: string[] | undefined;

  constructor({ alpn }: TlsServerOptions | TlsClientOptions) {
    this.alpn = alpn === undefined ? undefined : [...alpn];
  }

  release(): void {}
}

export class NodeServerContext extends NodeContext implements TlsServerContext {
  readonly clientAuth: 'off' | 'request' | 'require';
  readonly #options: TlsServerOptions;
  #keys: readonly Uint8Array[] | undefined;
  #secure: SecureContext;
  /** When the first authority expires in the chains of clients whose sessions may be resumed. */
  #until = Infinity;

  constructor(options: TlsServerOptions) {
    super(options);
    this.#options = options;
    this.#keys = options.tickets?.current.keys;
    this.clientAuth = options.clientAuth ?? 'off';
    this.#secure = this.#make();
  }

  get secure(): SecureContext {
    const keys = this.#options.tickets?.current.keys;
    if (keys !== this.#keys || this.#until <= Date.now()) {
      this.#keys = keys;
      this.#until = Infinity;
      this.#secure = this.#make();
    }
    return this.#secure;
  }

  /** A client has shown a chain in a full handshake. */
  verified({ issuersUntil }: Pick<Shown, 'issuersUntil'>): void {
    this.#until = Math.min(this.#until, issuersUntil);
  }

  /**
   * A ticket holds the first certificate of a client's chain only, and Node gives it the same time each time. So sessions of clients with certificates
   * are resumed only here, where their chains are known, and all end with the first authority that does: by another key.
   */
  #make(): SecureContext {
    const [shared] = this.#keys ?? [];
    const key = this.clientAuth === 'off' ? shared?.subarray(0, NODE_TICKET_KEYS) : randomBytes(NODE_TICKET_KEYS);
    return secureContext(this.#options, {
      sessionIdContext: sessionContextOf(this.#options),
      ...(key && { ticketKeys: Buffer.from(key) }),
    });
  }
}

export class NodeClientContext extends NodeContext implements TlsClientContext {
  readonly secure: SecureContext;
  readonly verify: boolean;
  /** Of the last connection to each name. */
  readonly #sessions = new Map<string, KeptSession>();

  constructor(options: TlsClientOptions) {
    super(options);
    this.secure = secureContext(options);
    this.verify = options.verify ?? true;
  }

  sessionFor(name: string): KeptSession | undefined {
    const kept = this.#sessions.get(name);
    if (!this.verify || kept === undefined || kept.until > Date.now()) return kept;
    this.#sessions.delete(name);
    return undefined;
  }

  keepSession(name: string, kept: KeptSession): void {
    if (this.#sessions.size >= MOST_SESSIONS) this.#sessions.clear();
    this.#sessions.set(name, kept);
  }
}

/** A session to resume, and what its server showed. Node does not know that any more when it is resumed, and the chain is not verified again. */
export interface KeptSession extends Shown {
  readonly session: Buffer;
}

function secureContext(options: TlsServerOptions | TlsClientOptions, more: SecureContextOptions = {}): SecureContext {
  const { identity, minVersion = '1.2', maxVersion = '1.3', ciphers, groups, ca, crl } = options;
  try {
    return createSecureContext({
      minVersion: `TLSv${minVersion}`,
      maxVersion: `TLSv${maxVersion}`,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      ...(identity && { cert: identity.certificate, key: identity.key }),
      ...(ciphers !== undefined && { ciphers }),
      ...(groups !== undefined && { ecdhCurve: groups }),
      ...(ca !== undefined && { ca: [...ca] }),
      ...(crl !== undefined && crl.length > 0 && { crl: [...crl] }),
      ...more,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TlsConfigurationError(`OpenSSL refuses it: ${why}.`, { cause: error });
  }
}
