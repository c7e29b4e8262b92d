import { type ServerNames, wildcardOf } from './server-names.ts';
import { isValidAt, KEY_TYPES, type KeyType, type ServerCertificate } from './server-certificate.ts';

/** Signature schemes (RFC 8446 section 4.2.3) with which a client verifies a key. */
const SCHEMES: Readonly<Record<KeyType, readonly number[]>> = {
  'ecdsa-p256': [0x0403],
  'ecdsa-p384': [0x0503],
  'ecdsa-p521': [0x0603],
  ed25519: [0x0807],
  ed448: [0x0808],
  'rsa-pss': [0x0809, 0x080a, 0x080b],
  rsa: [0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601],
};

/** What a ClientHello says of the certificate that it asks for. */
export interface AskedCertificate {
  /** Its server name, in any case. */
  readonly serverName: string | undefined;
  /** Its `signature_algorithms`. Undefined if unknown: then any key will do. */
  readonly signatureSchemes?: readonly number[] | undefined;
  /** Where the client has connected to, in canonical text: for clients that call the server by its address and send no name. */
  readonly localAddress?: string | undefined;
}

export interface CertificateStoreOptions {
  /** Clients that name a server that is not here, or none, get the certificate of this one. */
  readonly defaultName?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** From where certificates in the store are. Those of files come first. */
export type CertificateSource = 'files' | 'acme';

/** For one name, at most one of each type of key, in the order of `KEY_TYPES`. */
type Choices = readonly ServerCertificate[];

/**
 * The certificates of a listener, and which of them a client gets. It keeps them by name, so that choosing takes the same time
 * for ten and for ten thousand.
 */
export class CertificateStore {
  readonly #defaultName: string | undefined;
  readonly #now: () => number;
  readonly #sources = new Map<CertificateSource, readonly ServerCertificate[]>();
  readonly #listeners = new Set<() => void>();
  #certificates: readonly ServerCertificate[] = [];
  #byName: ReadonlyMap<string, Choices> = new Map();
  /** When the next certificate expires or becomes valid. */
  #due = Infinity;

  constructor({ defaultName, now = Date.now }: CertificateStoreOptions = {}) {
    this.#defaultName = defaultName?.toLowerCase();
    this.#now = now;
  }

  /** All certificates, also those that are never chosen because another one is before them. */
  get certificates(): readonly ServerCertificate[] {
    return this.#certificates;
  }

  /** What a client gets. Undefined: nothing here has that name (`unrecognized_name`). */
  choose({ serverName, signatureSchemes, localAddress }: AskedCertificate): ServerCertificate | undefined {
    const choices =
      serverName === undefined ? this.#byName.get(localAddress ?? '') : this.#choicesFor(serverName.toLowerCase());
    return best(choices ?? this.#default, signatureSchemes);
  }

  /** Whether `certificate` is one that clients with a name, or by address, get. */
  isChosen(certificate: ServerCertificate): boolean {
    return [...certificate.names, ...certificate.addresses].some((name) =>
      this.#byName.get(name)?.includes(certificate),
    );
  }

  /**
   * Replaces what is of `source`. Of several for one name with keys of one type the first that is valid now is chosen.
   */
  setSource(source: CertificateSource, certificates: readonly ServerCertificate[]): void {
    this.#sources.set(source, certificates);
    this.#refresh();
  }

  /** Chooses again if a certificate has expired, or has become valid. To be called now and then. */
  refreshIfDue(): void {
    if (this.#now() >= this.#due) this.#refresh();
  }

  #refresh(): void {
    const now = this.#now();
    this.#certificates = [...(this.#sources.get('files') ?? []), ...(this.#sources.get('acme') ?? [])];
    this.#byName = indexed(this.#certificates, now);
    this.#due = nextChange(this.#certificates, now);
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` when there may be other certificates. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get #default(): Choices | undefined {
    return this.#defaultName === undefined ? undefined : this.#choicesFor(this.#defaultName);
  }

  #choicesFor(name: string): Choices | undefined {
    return this.#byName.get(name) ?? this.#byName.get(wildcardOf(name) ?? '');
  }
}

function indexed(certificates: readonly ServerCertificate[], now: number): Map<string, Choices> {
  const byName = new Map<string, ServerCertificate[]>();
  const isValid = (certificate: ServerCertificate): boolean => isValidAt(certificate, now);
  const inOrder = [...certificates.filter(isValid), ...certificates.filter((certificate) => !isValid(certificate))];
  for (const certificate of inOrder) {
    for (const name of namesOf(certificate)) {
      const choices = byName.get(name);
      if (choices === undefined) byName.set(name, [certificate]);
      else if (!choices.some(({ keyType }) => keyType === certificate.keyType)) choices.push(certificate);
    }
  }
  for (const choices of byName.values()) if (choices.length > 1) choices.sort(byPreference);
  return byName;
}

function nextChange(certificates: readonly ServerCertificate[], now: number): number {
  let next = Infinity;
  for (const { notBefore, notAfter } of certificates) {
    if (notBefore > now) next = Math.min(next, notBefore);
    if (notAfter > now) next = Math.min(next, notAfter);
  }
  return next;
}

function namesOf({ names, addresses }: ServerNames): string[] {
  return [...names, ...addresses];
}

function byPreference(a: ServerCertificate, b: ServerCertificate): number {
  return KEY_TYPES.indexOf(a.keyType) - KEY_TYPES.indexOf(b.keyType);
}

/** The preferred one that the client can verify; where it can verify none, the one that most can. */
function best(choices: Choices | undefined, schemes: readonly number[] | undefined): ServerCertificate | undefined {
  if (choices === undefined || choices.length === 1) return choices?.[0];
  if (schemes === undefined) return choices.at(-1);
  return choices.find(({ keyType }) => SCHEMES[keyType].some((scheme) => schemes.includes(scheme))) ?? choices.at(-1);
}
