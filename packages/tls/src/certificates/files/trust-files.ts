import { hash } from 'node:crypto';
import { dirname } from 'node:path';
import { CertificateError } from '../certificate-error.ts';
import type { NamedFile } from './followed-pair.ts';
import { certificatesIn, pemBlocks } from '../pem-blocks.ts';
import { parsedCertificate } from '../read-certificate.ts';
import { readPemFile, stampOf } from './read-files.ts';
import { readRevocationList } from '../revocation-list.ts';

/** The authorities whose certificates are accepted, and what they have revoked. Complete and read-only. */
export interface Trust {
  /** PEM, a certificate each. */
  readonly ca: readonly string[];
  /** PEM, a list each. */
  readonly crl: readonly string[];
  /** The hash of `ca` and `crl`. */
  readonly hash: string;
  /** When the first of the lists is out of date. Milliseconds since 1970; undefined without one. */
  readonly nextUpdate: number | undefined;
}

export const NO_TRUST: Trust = { ca: [], crl: [], hash: '', nextUpdate: undefined };

export interface TrustEntries {
  readonly ca: readonly NamedFile[];
  readonly crl: readonly NamedFile[];
}

/** The stamp of files that have to be read again, because they may become readable without a change. */
const AGAIN = 'again';

/** Files of authorities and of what they have revoked. A version that cannot be used leaves the one before in use. */
export class TrustFiles {
  readonly #entries: TrustEntries;
  #current: Trust = NO_TRUST;
  #problem: string | undefined = undefined;
  #read = '';
  #seen = '';

  private constructor(entries: TrustEntries) {
    this.#entries = entries;
  }

  static async read(entries: TrustEntries): Promise<TrustFiles> {
    const files = new TrustFiles(entries);
    files.#seen = await files.#stamp();
    await files.#take(files.#seen);
    return files;
  }

  get current(): Trust {
    return this.#current;
  }

  /** Why what is in the files is not in use, in a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get folders(): readonly string[] {
    return [...new Set(this.#all.map(({ path }) => dirname(path)))];
  }

  get count(): number {
    return this.#all.length;
  }

  get #all(): readonly NamedFile[] {
    return [...this.#entries.ca, ...this.#entries.crl];
  }

  /** Looks whether they have changed. Never rejects. */
  async look(): Promise<'unchanged' | 'unsettled' | 'replaced' | 'kept'> {
    const stamp = await this.#stamp();
    const isSettled = stamp === this.#seen;
    this.#seen = stamp;
    if (!isSettled) return 'unsettled';
    return stamp === this.#read ? 'unchanged' : this.#take(stamp);
  }

  async #stamp(): Promise<string> {
    const stamps = await Promise.all(this.#all.map(({ path }) => stampOf(path).catch(() => 'none')));
    return stamps.join(' ');
  }

  async #take(stamp: string): Promise<'unchanged' | 'replaced' | 'kept'> {
    const [before, used] = [this.#problem, this.#current];
    try {
      this.#current = await this.#readAll();
      this.#problem = undefined;
      this.#read = stamp;
      return this.#current.hash === used.hash ? 'unchanged' : 'replaced';
    } catch (error) {
      this.#problem = error instanceof CertificateError ? error.message : String(error);
      this.#read = AGAIN;
      return this.#problem === before ? 'unchanged' : 'kept';
    }
  }

  async #readAll(): Promise<Trust> {
    const ca: string[] = [];
    const crl: string[] = [];
    const updates: number[] = [];
    for (const { path, name } of this.#entries.ca) {
      const pems = certificatesIn(pemBlocks((await readPemFile(path, name)).text, name));
      if (pems.length === 0) throw new CertificateError(name, 'it has no certificate of an authority');
      for (const [index, pem] of pems.entries()) parsedCertificate(pem, name, index);
      ca.push(...pems);
    }
    for (const { path, name } of this.#entries.crl) {
      const blocks = pemBlocks((await readPemFile(path, name)).text, name);
      const lists = blocks.filter(({ label }) => label === 'X509 CRL');
      if (lists.length === 0) throw new CertificateError(name, 'it has no list of revoked certificates (X509 CRL)');
      for (const { text } of lists) updates.push(readRevocationList(text, name).nextUpdate ?? Infinity);
      crl.push(...lists.map(({ text }) => text));
    }
    const nextUpdate = Math.min(...updates);
    return {
      ca,
      crl,
      hash: hash('sha256', [...ca, ...crl].join('')),
      nextUpdate: Number.isFinite(nextUpdate) ? nextUpdate : undefined,
    };
  }
}
