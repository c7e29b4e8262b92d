import type { CertificateAndKey, OpenChallenges } from '@inband/acme';

/** A certificate with its key, both as PEM. */
export interface AcmeCertificate extends CertificateAndKey {
  /** SHA-256 of the certificate. */
  readonly sha256: string;
}

/** What a process that serves clients knows of ACME, as plain values: it may come from another process. */
export interface AcmeState {
  readonly certificates: readonly AcmeCertificate[];
  readonly challenges: OpenChallenges;
  /** For which names a certificate may be ordered during a handshake; see `acme.onDemand.allow`. */
  readonly allow: readonly string[];
}

/** Orders a certificate, and resolves with it if it comes soon. Never rejects. */
export type Demand = (host: string) => Promise<AcmeCertificate | undefined>;

export const NO_ACME: AcmeState = { certificates: [], challenges: { http: {}, tls: {} }, allow: [] };

/** Handshakes that wait for a certificate. Others of names that nobody waits for are refused meanwhile. */
const MOST_DEMANDS = 64;

/** Certificates and challenges as this process serves them. One process asks the CA: this one, or the supervisor. */
export class AcmeView {
  #certificates: readonly AcmeCertificate[] = [];
  #http = new Map<string, string>();
  #tls = new Map<string, CertificateAndKey>();
  #allow: readonly string[] = [];
  readonly #demand: Demand;
  readonly #demands = new Map<string, Promise<AcmeCertificate | undefined>>();
  readonly #listeners = new Set<() => void>();

  constructor(demand: Demand) {
    this.#demand = demand;
  }

  /** Takes what has changed. */
  take({ certificates, challenges, allow }: AcmeState): void {
    const isSame =
      certificates.length === this.#certificates.length &&
      certificates.every(({ sha256 }, index) => sha256 === this.#certificates[index]?.sha256);
    this.#http = new Map(Object.entries(challenges.http));
    this.#tls = new Map(Object.entries(challenges.tls));
    this.#allow = allow;
    if (isSame) return;
    this.#certificates = certificates;
    for (const listener of this.#listeners) listener();
  }

  get certificates(): readonly AcmeCertificate[] {
    return this.#certificates;
  }

  /** Calls `listener` when there are other certificates. Returns a function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether a CA may ask by http-01 at present. */
  get hasOpen(): boolean {
    return this.#http.size > 0;
  }

  /** What a CA is to find for a token (http-01). */
  find(token: string): string | undefined {
    return this.#http.get(token);
  }

  /** The certificate that a CA is to see for a host (tls-alpn-01). */
  challenge(host: string): CertificateAndKey | undefined {
    return this.#tls.get(host);
  }

  /** Orders a certificate for a client that waits. Returns undefined at once if none may be ordered for this name. */
  demand(host: string): Promise<AcmeCertificate | undefined> | undefined {
    if (!this.#allow.some((pattern) => matches(pattern, host))) return undefined;
    const known = this.#demands.get(host);
    if (known !== undefined) return known;
    if (this.#demands.size >= MOST_DEMANDS) return undefined;
    const demand = this.#demand(host).finally(() => this.#demands.delete(host));
    this.#demands.set(host, demand);
    return demand;
  }
}

/** Whoever orders looks once more, and more exactly. */
function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host;
  return host.indexOf('.') > 0 && host.slice(host.indexOf('.') + 1) === pattern.slice(2);
}
