import {
  type AcmeLog,
  type AcmeStorage,
  type CertificateListener,
  type CertificateLock,
  type Clock,
  type IssuedCertificate,
  type OpenedAccount,
  type Progress,
  progressSchema,
  readIssued,
  type RenewalNote,
  type StateFolder,
} from '@inband/acme';
import { type Store, StoreError } from '@inband/store';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SealedValues } from '../../sealed/sealed-values.ts';
import type { AcmeNames } from './acme-names.ts';
import { orAway } from './as-acme-error.ts';
import { isNewer, SharedIndex } from './certificate-index.ts';
import { OwnCertificates } from './own-certificates.ts';
import { Reconciler } from './reconciler.ts';
import { SharedAccount } from './shared-account.ts';
import { type Asking, LOCK_TTL, SharedLock, takenError } from './shared-lock.ts';
import { untilAnswered } from './until-answered.ts';

/** Milliseconds. */
const START_WAIT = 2_000;
const PATIENCE = 5_000;
const HOUR = 3_600_000;

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
  readonly #own: OwnCertificates;
  readonly #account: SharedAccount;
  readonly #reconciler: Reconciler;
  readonly #closing = new AbortController();

  private constructor(deps: SharedStorageDeps, own: OwnCertificates) {
    const { values, names, folder, wants, log, clock } = deps;
    this.#deps = deps;
    this.#own = own;
    this.#index = new SharedIndex(values, names);
    this.#account = new SharedAccount({ values, names, folder, ask: (question) => this.#ask(question) });
    this.#reconciler = new Reconciler({
      index: this.#index,
      own,
      read: (name) => this.#read(name),
      lock: (name) => this.lock(name),
      wants,
      log,
      clock,
      closing: this.#closing.signal,
    });
  }

  /** Reads what there is: where the store does not answer, what this member has itself. Only one that has nothing waits for the store. */
  static async open(deps: SharedStorageDeps): Promise<SharedStorage> {
    const opened = new SharedStorage(deps, await OwnCertificates.open(deps.folder));
    await opened.#readAtStart();
    return opened;
  }

  account(): Promise<OpenedAccount> {
    return this.#account.open();
  }

  async names(): Promise<string[]> {
    return this.#own.names.filter((name) => this.#deps.wants(name));
  }

  certificate(name: string): Promise<IssuedCertificate | undefined> {
    return this.#own.read(name);
  }

  async progress(name: string): Promise<Progress | undefined> {
    const { values, names } = this.#deps;
    return values.get(names.order(name), progressSchema).then(
      (read) => read?.value,
      // What others have failed at is read again before anything is ordered.
      () => undefined,
    );
  }

  renewal(name: string): Promise<RenewalNote | undefined> {
    return this.#deps.folder.renewal(name);
  }

  saveRenewal(name: string, note: RenewalNote): Promise<void> {
    return this.#deps.folder.saveRenewal(name, note);
  }

  async remove(name: string): Promise<void> {
    const { store, names } = this.#deps;
    const own = await this.#own.remove(name);
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
    this.#reconciler.listener = listener;
    const stop = this.#index.watch(
      (index) => this.#reconciler.changed(index),
      ({ message: reason }) => this.#deps.log.error({ reason }, 'acme: certificates of the cluster cannot be read'),
    );
    return () => {
      this.#closing.abort();
      this.#reconciler.close();
      stop();
    };
  }

  #ask<T>(question: () => Promise<T>): Promise<T> {
    return orAway(question, this.#deps.patience ?? PATIENCE, this.#closing.signal);
  }

  async #readAtStart(): Promise<void> {
    const { startWait = START_WAIT, log } = this.#deps;
    const read = async (): Promise<void> => this.#reconciler.takeNewer(await this.#index.read());
    try {
      await untilAnswered(read, this.#own.isEmpty ? startWait : 0);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warn({ reason: error.message }, 'acme: starting with the certificates of this member');
    }
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
      this.#reconciler.tryLater();
    }
    await this.#own.keep(name, issued);
  }

  async #give(name: string, issued: IssuedCertificate, fence: number): Promise<void> {
    const { values, names } = this.#deps;
    const value = { name, pem: issued.key + issued.certificate };
    const written = await values.put(names.certificate(name), value, { fence });
    if (!written.written) throw takenError();
    await this.#index.add(name, issued);
  }
}
