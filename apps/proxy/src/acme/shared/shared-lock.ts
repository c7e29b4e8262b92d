import { AcmeError, type CertificateLock, type IssuedCertificate, type Progress, progressSchema } from '@inband/acme';
import type { Lock } from '@inband/store';
import type { SealedValues } from '../../sealed/sealed-values.ts';
import type { AcmeNames } from './acme-names.ts';

/** Milliseconds for which a member has the right to work on a certificate, and after which it asks for more. */
export const LOCK_TTL = 30_000;
const RENEW_EVERY = 8_000;
/** Milliseconds by which a member believes its right to end sooner than the store does. */
const MARGIN = 2_000;
const DAY = 86_400_000;

/** Asks the store something that may be asked twice. Rejects with an `AcmeError`. */
export type Asking = <T>(question: () => Promise<T>) => Promise<T>;

interface SharedLockDeps {
  readonly lock: Lock;
  /** `performance.now` before the lock was asked for. */
  readonly since: number;
  readonly name: string;
  readonly values: SealedValues;
  readonly names: AcmeNames;
  /** What members have of the certificate. */
  readonly certificate: () => Promise<IssuedCertificate | undefined>;
  /** Keeps one under the number of the lock. */
  readonly save: (issued: IssuedCertificate, fence: number) => Promise<void>;
  readonly ask: Asking;
}

/** The right of one member to work on a certificate. It is renewed until it is released, as long as the store answers. */
export class SharedLock implements CertificateLock {
  readonly #deps: SharedLockDeps;
  readonly #lost = new AbortController();
  readonly #renewing: NodeJS.Timeout;
  #ending: NodeJS.Timeout;

  constructor(deps: SharedLockDeps) {
    this.#deps = deps;
    this.#ending = this.#endAfter(deps.since);
    this.#renewing = setInterval(() => void this.#renew(), RENEW_EVERY).unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  certificate(): Promise<IssuedCertificate | undefined> {
    return this.#deps.ask(this.#deps.certificate);
  }

  async progress(): Promise<Progress | undefined> {
    const { values, names, name, ask } = this.#deps;
    return (await ask(() => values.get(names.order(name), progressSchema)))?.value;
  }

  async saveCertificate(issued: IssuedCertificate): Promise<void> {
    this.#check();
    await this.#deps.save(issued, this.#deps.lock.fence);
  }

  async saveProgress(progress: Progress): Promise<void> {
    await this.#put(progress, 30 * DAY);
  }

  /** It is written as one that has nothing, because what is removed knows no number of a lock. */
  async removeProgress(): Promise<void> {
    await this.#put({ hosts: [], failures: [] }, DAY);
  }

  async release(): Promise<void> {
    clearInterval(this.#renewing);
    clearTimeout(this.#ending);
    // Otherwise it ends by itself.
    await this.#deps.lock.release().catch(() => undefined);
  }

  async #put(progress: Progress, ttl: number): Promise<void> {
    const { values, names, name, lock, ask } = this.#deps;
    this.#check();
    const written = await ask(() => values.put(names.order(name), progress, { fence: lock.fence, ttl }));
    if (!written.written) throw takenError();
  }

  #check(): void {
    if (this.#lost.signal.aborted) throw takenError();
  }

  async #renew(): Promise<void> {
    const since = performance.now();
    try {
      if (!(await this.#deps.lock.renew(LOCK_TTL))) return this.#end();
    } catch {
      // The store is away. The right lasts until its end, and the next attempt may renew it.
      return;
    }
    clearTimeout(this.#ending);
    this.#ending = this.#endAfter(since);
  }

  #endAfter(since: number): NodeJS.Timeout {
    return setTimeout(() => this.#end(), since + LOCK_TTL - MARGIN - performance.now()).unref();
  }

  #end(): void {
    clearInterval(this.#renewing);
    clearTimeout(this.#ending);
    this.#lost.abort();
  }
}

/** Another member has the right by now, or may have it. */
export function takenError(): AcmeError {
  return new AcmeError('taken', 'Another member of the cluster has taken the order over.');
}
