import type { ServerCertificate } from '../certificates/server-certificate.ts';
import type { ServerIdentity, TlsImplementation, TlsServerContext, TlsServerOptions } from '../base/implementation.ts';
import { ACME_PROTOCOL } from './ordered-certificates.ts';
import type { Trust } from '../certificates/files/trust-files.ts';

/** Contexts that are kept, because one is made for each certificate when the first client gets it. */
const MOST_CONTEXTS = 1_000;

/** What all contexts of a listener have in common. */
export type CommonOptions = Omit<TlsServerOptions, 'identity' | 'ca' | 'crl'>;

/** The contexts of one listener, by certificate. They are made anew when the authorities of clients change. */
export class ServerContexts {
  readonly #tls: TlsImplementation;
  readonly #common: CommonOptions;
  readonly #trust: { readonly current: Trust } | undefined;
  readonly #byCertificate = new Map<string, TlsServerContext>();
  #trusted: Trust | undefined;

  constructor(tls: TlsImplementation, common: CommonOptions, trust: { readonly current: Trust } | undefined) {
    this.#tls = tls;
    this.#common = common;
    this.#trust = trust;
    this.#trusted = trust?.current;
  }

  /** The authorities of clients. */
  get trust(): Trust | undefined {
    return this.#trust?.current;
  }

  /** Throws a `TlsConfigurationError`. */
  of(certificate: ServerCertificate): TlsServerContext {
    if (this.#trust?.current !== this.#trusted) this.close();
    const { hash } = certificate;
    const known = this.#byCertificate.get(hash);
    if (known !== undefined) return known;
    if (this.#byCertificate.size >= MOST_CONTEXTS) this.close();
    const context = this.#tls.serverContext(optionsOf(certificate, this.#common, this.#trust?.current));
    this.#byCertificate.set(hash, context);
    return context;
  }

  /** For a CA that looks whether a host is ours. Belongs to the caller. Throws a `TlsConfigurationError`. */
  forChallenge(identity: ServerIdentity): TlsServerContext {
    return this.#tls.serverContext({ identity, alpn: [ACME_PROTOCOL] });
  }

  /** Releases all of them. Those that are asked for later are made again. */
  close(): void {
    for (const context of this.#byCertificate.values()) context.release();
    this.#byCertificate.clear();
    this.#trusted = this.#trust?.current;
  }
}

function optionsOf(
  { certificate, key }: ServerCertificate,
  common: CommonOptions,
  trust: Trust | undefined,
): TlsServerOptions {
  const identity = { certificate, key };
  return { ...common, identity, ...(trust && { ca: trust.ca, ...(trust.crl.length > 0 && { crl: trust.crl }) }) };
}
