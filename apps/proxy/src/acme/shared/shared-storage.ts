import {
  accountSchema,
  type AcmeLog,
  type AcmeStorage,
  type CertificateListener,
  type CertificateLock,
  type Clock,
  type IssuedCertificate,
  type KeptAccount,
  openAccount,
  type OpenedAccount,
  type Progress,
  progressSchema,
  readIssued,
  type StateFolder,
} from '@inband/acme';
import { type Store, StoreError } from '@inband/store';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SealedValues } from '../../sealed/sealed-values.ts';
import type { AcmeNames } from './acme-names.ts';
import { orAway } from './as-acme-error.ts';
import { type CertificateIndex, type Dated, isNewer, SharedIndex } from './certificate-index.ts';
import { type Asking, LOCK_TTL, SharedLock, takenError } from './shared-lock.ts';
import { untilAnswered } from './until-answered.ts';

/** Milliseconds. */
const START_WAIT = 2_000;
const PATIENCE = 5_000;
const HOUR = 3_600_000;
/** Milliseconds after which what could not be read or offered is tried again. */
const RETRY = 2_000;

const certificateSchema = z.object({ name: z.string(), pem: z.string() });

export interface SharedStorageDeps {
  readonly store: Store;
  readonly values: SealedValues;
  readonly names: AcmeNames;
  /** What this member has itself: with it, it serves after a start without the store. */
  readonly folder: StateFolder;
  readonly log: AcmeLog;
  /** Whether this member uses the certificate of a name. Keys of others are not read. */
  readonly wants: (name: string) => boolean;
  readonly clock: Pick<Clock, 'now'>;
  /** Milliseconds for the store to answer at the start of a member that has nothing itself. 2,000 by default. */
  readonly startWait?: number;
  /**
   * Milliseconds for the store to answer each question about an order: at a start it may not be connected yet, and a client may wait for it. 5,000 by default.
   */
  readonly patience?: number;
}

/**
 * What all members keep of one CA. Each has a copy in its state folder. What the store has is taken when it is newer than the copy, and what the
 * copy has is given to the store when that has nothing or something older: when a member comes with certificates of its own, and when the store
 * was wiped.
 */
export class SharedStorage implements AcmeStorage {
  readonly #deps: SharedStorageDeps;
  readonly #index: SharedIndex;
  /** Of the certificates of the copy. */
  readonly #own = new Map<string, Dated>();
  #listener: CertificateListener | undefined = undefined;
  #latest: CertificateIndex | undefined = undefined;
  #comparing = false;
  #retry: NodeJS.Timeout | undefined = undefined;
  readonly #closing = new AbortController();

  private constructor(deps: SharedStorageDeps) {
    this.#deps = deps;
    this.#index = new SharedIndex(deps.values, deps.names);
  }

  /** Reads what there is: where the store does not answer, what this member has itself. Only one that has nothing waits for the store. */
  static async open(deps: SharedStorageDeps): Promise<SharedStorage> {
    const opened = new SharedStorage(deps);
    for (const name of await deps.folder.names()) {
      const issued = await deps.folder.certificate(name);
      if (issued !== undefined) opened.#own.set(name, issued);
    }
    await opened.#readAtStart();
    return opened;
  }

  async account(): Promise<OpenedAccount> {
    const kept = await this.#ask(() => this.#sharedAccount());
    await this.#copyAccount(kept);
    const save = (url: string | undefined, email: string | undefined): Promise<void> =>
      this.#ask(() => this.#saveAccount({ key: kept.key, url, email }));
    return openAccount(kept, save);
  }

  async names(): Promise<string[]> {
    return [...this.#own.keys()].filter((name) => this.#deps.wants(name));
  }

  certificate(name: string): Promise<IssuedCertificate | undefined> {
    return this.#deps.folder.certificate(name);
  }

  async progress(name: string): Promise<Progress | undefined> {
    const { values, names } = this.#deps;
    return values.get(names.order(name), progressSchema).then(
      (read) => read?.value,
      // What others have failed at is read again before anything is ordered.
      () => undefined,
    );
  }

  async remove(name: string): Promise<void> {
    const { store, names, folder } = this.#deps;
    const own = this.#own.get(name);
    this.#own.delete(name);
    await folder.remove(name);
    const index = await this.#ask(() => this.#index.read());
    if (own === undefined || isNewer(index[name] ?? own, own)) return;
    await this.#ask(() => this.#index.remove(name, own.sha256));
    await this.#ask(() => store.remove(names.certificate(name)));
  }

  async lock(name: string): Promise<CertificateLock | undefined> {
    const { store, values, names } = this.#deps;
    const since = performance.now();
    // Whoever has got it without hearing so gets it again.
    const holder = randomUUID();
    const lock = await this.#ask(() => store.lock(names.lock(name), LOCK_TTL, holder));
    if (lock === undefined) return undefined;
    const certificate = async (): Promise<IssuedCertificate | undefined> =>
      (await this.#read(name)) ?? (await this.certificate(name));
    const save = (issued: IssuedCertificate, fence: number): Promise<void> => this.#save(name, issued, fence);
    const ask: Asking = (question) => this.#ask(question);
    return new SharedLock({ lock, since, name, values, names, certificate, save, ask });
  }

  async countNew(most: number): Promise<boolean> {
    const { store, names } = this.#deps;
    const counting = { most, period: HOUR, used: 0, wanted: 1 };
    // One whose answer was lost counts as well, so that there are never more than `most`.
    return (await this.#ask(() => store.count(names.demanded, counting))).granted === 1;
  }

  watch(listener: CertificateListener): () => void {
    this.#listener = listener;
    const stop = this.#index.watch(
      (index) => this.#changed(index),
      ({ message: reason }) => this.#deps.log.error({ reason }, 'acme: certificates of the cluster cannot be read'),
    );
    return () => {
      this.#closing.abort();
      this.#listener = undefined;
      clearTimeout(this.#retry);
      stop();
    };
  }

  #ask<T>(question: () => Promise<T>): Promise<T> {
    return orAway(question, this.#deps.patience ?? PATIENCE, this.#closing.signal);
  }

  async #readAtStart(): Promise<void> {
    const { startWait = START_WAIT, log } = this.#deps;
    const read = async (): Promise<void> => this.#takeNewer(await this.#index.read());
    try {
      await untilAnswered(read, this.#own.size === 0 ? startWait : 0);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warn({ reason: error.message }, 'acme: starting with the certificates of this member');
    }
  }

  async #sharedAccount(): Promise<KeptAccount> {
    const { values, names, folder } = this.#deps;
    const own = await folder.keptAccount();
    const kept = await values.change(names.account, accountSchema, (there) => (there === undefined ? own : undefined));
    return kept ?? own;
  }

  async #saveAccount(account: KeptAccount): Promise<void> {
    const { values, names } = this.#deps;
    await values.change(names.account, accountSchema, (there) =>
      there === undefined || there.key === account.key ? account : undefined,
    );
    await this.#copyAccount(account);
  }

  async #copyAccount(account: KeptAccount): Promise<void> {
    const { folder } = this.#deps;
    const own = await folder.keptAccount();
    if (own.key !== account.key || own.url !== account.url || own.email !== account.email)
      await folder.saveAccount(account);
  }

  /** What the store has of a certificate. */
  async #read(name: string): Promise<IssuedCertificate | undefined> {
    const { values, names } = this.#deps;
    const read = await values.get(names.certificate(name), certificateSchema);
    return read?.value.name === name ? readIssued(read.value.pem) : undefined;
  }

  /** A certificate that was issued here. Without the store it is kept here, and offered later. */
  async #save(name: string, issued: IssuedCertificate, fence: number): Promise<void> {
    try {
      await this.#give(name, issued, fence);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#deps.log.warn({ name, reason: error.message }, 'acme: a certificate is given to the cluster later');
      this.#tryLater();
    }
    await this.#copy(name, issued);
  }

  async #give(name: string, issued: IssuedCertificate, fence: number): Promise<void> {
    const { values, names } = this.#deps;
    const value = { name, pem: issued.key + issued.certificate };
    const written = await values.put(names.certificate(name), value, { fence });
    if (!written.written) throw takenError();
    await this.#index.add(name, issued);
  }

  async #copy(name: string, issued: IssuedCertificate): Promise<void> {
    this.#own.set(name, issued);
    await this.#deps.folder.saveCertificate(name, issued);
  }

  #changed(index: CertificateIndex): void {
    this.#latest = index;
    void this.#compare();
  }

  /** One at a time, with the index that is known then. */
  async #compare(): Promise<void> {
    if (this.#comparing) return;
    this.#comparing = true;
    try {
      for (let index = this.#takeLatest(); index !== undefined; index = this.#takeLatest()) {
        await this.#takeNewer(index);
        await this.#offer(index);
      }
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#deps.log.warn({ reason: String(error) }, 'acme: certificates of the cluster could not be compared');
      this.#tryLater();
    } finally {
      this.#comparing = false;
    }
  }

  #takeLatest(): CertificateIndex | undefined {
    const latest = this.#latest;
    this.#latest = undefined;
    return latest;
  }

  #tryLater(): void {
    if (this.#closing.signal.aborted) return;
    clearTimeout(this.#retry);
    const again = async (): Promise<void> => {
      try {
        this.#changed(await this.#index.read());
      } catch {
        this.#tryLater();
      }
    };
    this.#retry = setTimeout(() => void again(), RETRY).unref();
  }

  async #takeNewer(index: CertificateIndex): Promise<void> {
    for (const [name, dated] of Object.entries(index)) {
      if (!this.#deps.wants(name) || !isNewer(dated, this.#own.get(name))) continue;
      const issued = await this.#read(name);
      if (issued === undefined || !isNewer(issued, this.#own.get(name))) continue;
      // Clients get it even if it cannot be written.
      this.#listener?.(name, issued);
      await this.#copy(name, issued);
    }
  }

  /** Gives the store what it has not, or has in an older form. */
  async #offer(index: CertificateIndex): Promise<void> {
    for (const [name, own] of this.#own) {
      if (!this.#deps.wants(name) || own.notAfter <= this.#deps.clock.now() || !isNewer(own, index[name])) continue;
      const lock = await this.lock(name);
      if (lock === undefined) {
        this.#tryLater();
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
    const issued = await this.certificate(name);
    const there = await this.#read(name);
    if (issued === undefined) return;
    // What is there without being in the index was written by a member that ended at that moment.
    if (there !== undefined && isNewer(there, issued)) return this.#index.add(name, there);
    await lock.saveCertificate(issued);
    this.#deps.log.info({ name }, 'acme: a certificate of this member is now that of the cluster');
  }
}
