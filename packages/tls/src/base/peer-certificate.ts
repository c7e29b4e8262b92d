import { hash, X509Certificate } from 'node:crypto';
import { alternativeNames, type AlternativeNames } from './alternative-names.ts';

/** The certificate that a peer showed. It is parsed only when somebody asks. */
export class PeerCertificate {
  /** The certificate in DER. */
  readonly der: Buffer;
  #parsed: X509Certificate | undefined;
  #names: AlternativeNames | undefined;

  constructor(der: Buffer) {
    this.der = der;
  }

  get x509(): X509Certificate {
    return (this.#parsed ??= new X509Certificate(this.der));
  }

  get names(): AlternativeNames {
    return (this.#names ??= alternativeNames(this.der));
  }

  /** In one line: `CN=web.example, O=Example`. */
  get subject(): string {
    return this.x509.subject.split('\n').toReversed().join(', ');
  }

  /** SHA-256 of the whole certificate, in hexadecimal digits. */
  get fingerprint(): string {
    return hash('sha256', this.der, 'hex');
  }

  /** SHA-256 of the public key, in base64, as pins are written (RFC 7469). */
  get keyPin(): string {
    return hash('sha256', this.x509.publicKey.export({ type: 'spki', format: 'der' }), 'base64');
  }

  /** Milliseconds as of `Date.now`. */
  get notAfter(): number {
    return Date.parse(this.x509.validTo);
  }
}
