import { CertificateError } from '../certificate-error.ts';
import { readCertificate } from '../read-certificate.ts';
import { readPemFile, stampOf } from './read-files.ts';
import { isValidAt, type ServerCertificate } from '../server-certificate.ts';

/** A file or folder, and its name as the configuration writes it, for messages. */
export interface NamedFile {
  readonly path: string;
  readonly name: string;
}

/** What a look at a pair has found. `kept`: what is there now cannot be used. */
export type Look = 'unchanged' | 'unsettled' | 'replaced' | 'kept';

/** The stamp of a pair that has to be read again, because it may become of use without a change. */
const AGAIN = 'again';

/**
 * A certificate and its key in two files, or in one. A new version replaces the one in use when it is unchanged at two looks in a row,
 * because the two files are written one after the other. One that cannot be used leaves the one before in use.
 */
export class FollowedPair {
  readonly certificate: NamedFile;
  readonly key: NamedFile;
  readonly #isForClient: boolean;
  #current: ServerCertificate | undefined = undefined;
  #isKeyOpenToAll = false;
  /** Why what is there now is not in use. */
  #problem: string | undefined = undefined;
  /** The stamp of the version that was read last. */
  #read: string | undefined = undefined;
  /** The stamp at the last look. */
  #seen: string | undefined = undefined;

  constructor(certificate: NamedFile, key: NamedFile, isForClient = false) {
    this.certificate = certificate;
    this.key = key;
    this.#isForClient = isForClient;
  }

  /** What is in use. */
  get current(): ServerCertificate | undefined {
    return this.#current;
  }

  /** Why what is in the files is not in use, in a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The key that others than its owner and its group can read. */
  get openKey(): NamedFile | undefined {
    return this.#isKeyOpenToAll ? this.key : undefined;
  }

  /** Reads it for the first time. Never rejects. */
  async begin(now: number): Promise<void> {
    await this.#take(undefined, now);
    this.#seen = this.#read === AGAIN ? await this.#stamp() : this.#read;
  }

  /** Looks whether it has changed. Never rejects. */
  async look(now: number): Promise<Look> {
    const stamp = await this.#stamp();
    const isSettled = stamp === this.#seen;
    this.#seen = stamp;
    if (!isSettled) return 'unsettled';
    return stamp === this.#read ? 'unchanged' : this.#take(stamp, now);
  }

  async #stamp(): Promise<string> {
    try {
      return `${await stampOf(this.certificate.path)} ${await stampOf(this.key.path)}`;
    } catch {
      return 'none';
    }
  }

  /** `stamp` was taken before, so that what is written meanwhile is read next time. Default: as of the reading. */
  async #take(stamp: string | undefined, now: number): Promise<Look> {
    const before = this.#problem;
    const used = this.#current;
    try {
      const { next, stamp: ofReading } = await this.#readFiles();
      this.#problem = used === undefined ? undefined : whyNotYet(next, used, now);
      if (this.#problem === undefined) this.#current = next;
      this.#read = this.#problem === undefined ? (stamp ?? ofReading) : AGAIN;
    } catch (error) {
      this.#problem = error instanceof CertificateError ? error.message : String(error);
      this.#read = AGAIN;
    }
    if (this.#problem !== undefined) return this.#problem === before ? 'unchanged' : 'kept';
    return this.#current?.hash === used?.hash ? 'unchanged' : 'replaced';
  }

  async #readFiles(): Promise<{ readonly next: ServerCertificate; readonly stamp: string }> {
    const { certificate, key } = this;
    const read = await readPemFile(certificate.path, certificate.name);
    const readKey = key.path === certificate.path ? read : await readPemFile(key.path, key.name);
    const next = readCertificate({
      certificate: read.text,
      key: readKey.text,
      file: certificate.name,
      keyFile: key.name,
      isForClient: this.#isForClient,
    });
    this.#isKeyOpenToAll = readKey.isOpenToAll;
    return { next, stamp: `${read.stamp} ${readKey.stamp}` };
  }
}

/** Why the one in use is better than the next one. */
function whyNotYet(next: ServerCertificate, used: ServerCertificate, now: number): string | undefined {
  if (isValidAt(next, now) || !isValidAt(used, now)) return undefined;
  return validityProblem(next, now);
}

/** Says that a certificate is expired, or not valid yet. */
export function validityProblem({ file, notBefore, notAfter }: ServerCertificate, now: number): string | undefined {
  if (notAfter <= now) return `${file}: it expired on ${dateOf(notAfter)}.`;
  return notBefore > now ? `${file}: it is not valid before ${dateOf(notBefore)}.` : undefined;
}

function dateOf(time: number): string {
  return new Date(time).toISOString().replace('.000', '');
}
