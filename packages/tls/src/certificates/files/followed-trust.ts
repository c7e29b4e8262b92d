import type { Logger } from '@inband/core';
import { FileFollower, type FollowerTimes, type Looked } from '@inband/files';
import type { Trust, TrustFiles } from './trust-files.ts';

const DAY = 86_400_000;

export interface FollowedTrustOptions {
  readonly files: TrustFiles;
  readonly logger: Logger;
  /** See `FollowedCertificatesOptions`. */
  readonly tellsExpiry: boolean;
  /** Whose certificates they are about, for the log. */
  readonly whose: 'clients' | 'servers';
  readonly now?: () => number;
  readonly times?: Partial<FollowerTimes>;
}

/** The authorities of a setting, and what they have revoked, as the files are, until it is closed. */
export class FollowedTrust {
  readonly #files: TrustFiles;
  readonly #logger: Logger;
  readonly #tellsExpiry: boolean;
  readonly #whose: FollowedTrustOptions['whose'];
  readonly #now: () => number;
  readonly #follower: FileFollower;
  readonly #listeners = new Set<() => void>();
  #lastNotice = -Infinity;

  constructor({ files, logger, tellsExpiry, whose, now = Date.now, times = {} }: FollowedTrustOptions) {
    this.#files = files;
    this.#logger = logger;
    this.#tellsExpiry = tellsExpiry;
    this.#whose = whose;
    this.#now = now;
    this.#follower = new FileFollower(() => this.#look(), logger, times);
  }

  get current(): Trust {
    return this.#files.current;
  }

  /** Calls `listener` when there is another `current`. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Begins to follow the files. What cannot be used is logged, because a worker starts in spite of it, and refuses certificates. */
  start(): void {
    const { problem } = this.#files;
    if (problem !== undefined) this.#logger.error({ problem }, 'files of authorities cannot be used');
    this.#follower.start(this.#files.folders);
  }

  /** Has the files looked at soon. */
  ask(): void {
    this.#follower.ask();
  }

  close(): void {
    this.#follower.close();
  }

  async #look(): Promise<Looked> {
    const look = await this.#files.look();
    const { current, problem, folders, count } = this.#files;
    if (look === 'kept') {
      this.#logger.warn({ problem }, 'files of authorities cannot be used; those before stay in use');
    }
    if (look === 'replaced') {
      this.#logger.info({ ca: current.ca.length, crl: current.crl.length }, 'files of authorities were read again');
      for (const listener of this.#listeners) listener();
    }
    this.#tellOutdated(current);
    return { isSettled: look !== 'unsettled', folders, files: count };
  }

  /** OpenSSL refuses everybody as soon as a list is out of date. */
  #tellOutdated({ nextUpdate = Infinity }: Trust): void {
    const now = this.#now();
    if (!this.#tellsExpiry || now < nextUpdate || now - this.#lastNotice < DAY) return;
    this.#lastNotice = now;
    const fields = { nextUpdate: new Date(nextUpdate).toISOString() };
    const message = `a list of revoked certificates is out of date; certificates of ${this.#whose} are refused`;
    this.#logger.error(fields, message);
  }
}
