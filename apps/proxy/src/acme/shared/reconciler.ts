import type { AcmeLog, CertificateListener, CertificateLock, Clock, IssuedCertificate } from '@inband/acme';
import { type CertificateIndex, isNewer, type SharedIndex } from './certificate-index.ts';
import type { OwnCertificates } from './own-certificates.ts';

/** Milliseconds after which what could not be read or offered is tried again. */
const RETRY = 2_000;

export interface ReconcilerDeps {
  readonly index: SharedIndex;
  readonly own: OwnCertificates;
  /** What the store has of a certificate. */
  readonly read: (name: string) => Promise<IssuedCertificate | undefined>;
  /** Who may give a certificate to the store; undefined while another one may. */
  readonly lock: (name: string) => Promise<CertificateLock | undefined>;
  /** Whether this member uses the certificate of a name. */
  readonly wants: (name: string) => boolean;
  readonly log: AcmeLog;
  readonly clock: Pick<Clock, 'now'>;
  /** Ends it: nothing is tried again. */
  readonly closing: AbortSignal;
}

/**
 * Keeps the certificates of this member and those of the store in step. What the store has is taken when it is newer; what this member has is
 * given to the store when that has nothing or something older.
 */
export class Reconciler {
  /** Hears of certificates that are taken. */
  listener: CertificateListener | undefined = undefined;
  readonly #deps: ReconcilerDeps;
  #latest: CertificateIndex | undefined = undefined;
  #comparing = false;
  #retry: NodeJS.Timeout | undefined = undefined;

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  /** The store has this now. */
  changed(index: CertificateIndex): void {
    this.#latest = index;
    void this.#compare();
  }

  /** Something could not be read or given: it is tried again. */
  tryLater(): void {
    const { index, closing } = this.#deps;
    if (closing.aborted) return;
    clearTimeout(this.#retry);
    const again = async (): Promise<void> => {
      try {
        this.changed(await index.read());
      } catch {
        this.tryLater();
      }
    };
    this.#retry = setTimeout(() => void again(), RETRY).unref();
  }

  /** After `closing`. */
  close(): void {
    this.listener = undefined;
    clearTimeout(this.#retry);
  }

  async takeNewer(index: CertificateIndex): Promise<void> {
    const { own, read, wants } = this.#deps;
    for (const [name, dated] of Object.entries(index)) {
      if (!wants(name) || !isNewer(dated, own.date(name))) continue;
      const issued = await read(name);
      if (issued === undefined || !isNewer(issued, own.date(name))) continue;
      // Clients get it even if it cannot be written.
      this.listener?.(name, issued);
      await own.keep(name, issued);
    }
  }

  /** One at a time, with the index that is known then. */
  async #compare(): Promise<void> {
    if (this.#comparing) return;
    this.#comparing = true;
    try {
      for (let index = this.#takeLatest(); index !== undefined; index = this.#takeLatest()) {
        await this.takeNewer(index);
        await this.#offer(index);
      }
    } catch (error) {
      if (this.#deps.closing.aborted) return;
      this.#deps.log.warn({ reason: String(error) }, 'acme: certificates of the cluster could not be compared');
      this.tryLater();
    } finally {
      this.#comparing = false;
    }
  }

  #takeLatest(): CertificateIndex | undefined {
    const latest = this.#latest;
    this.#latest = undefined;
    return latest;
  }

  /** Gives the store what it has not, or has in an older form. */
  async #offer(index: CertificateIndex): Promise<void> {
    const { own, wants, clock } = this.#deps;
    for (const name of own.names) {
      const date = own.date(name);
      if (date === undefined || !wants(name) || date.notAfter <= clock.now() || !isNewer(date, index[name])) continue;
      const lock = await this.#deps.lock(name);
      if (lock === undefined) {
        this.tryLater();
        continue;
      }
      try {
        await this.#offerOne(name, lock);
      } finally {
        await lock.release();
      }
    }
  }

  async #offerOne(name: string, lock: CertificateLock): Promise<void> {
    const { own, index, read, log } = this.#deps;
    const issued = await own.read(name);
    const there = await read(name);
    if (issued === undefined) return;
    // What is there without being in the index was written by a member that ended at that moment.
    if (there !== undefined && isNewer(there, issued)) return index.add(name, there);
    await lock.saveCertificate(issued);
    log.info({ name }, 'acme: a certificate of this member is now that of the cluster');
  }
}
