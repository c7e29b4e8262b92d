import type { Logger } from '@inband/core';
import { FileFollower, type FollowerTimes, type Looked } from '@inband/files';
import type { CertificateFiles, PairChange } from './certificate-files.ts';
import type { CertificateStore } from '../certificate-store.ts';
import { ExpiryNotices } from './expiry-notices.ts';
import type { ServerCertificate } from '../server-certificate.ts';

export interface FollowedCertificatesOptions {
  readonly files: CertificateFiles;
  readonly store: CertificateStore;
  readonly logger: Logger;
  /** Whether certificates that expire soon are logged. Of several processes one is enough. */
  readonly tellsExpiry: boolean;
  /** Called when it is closed. */
  readonly onClose?: (() => void) | undefined;
  readonly now?: () => number;
  readonly times?: Partial<FollowerTimes>;
}

/** Names of a certificate in a line of the log. */
const MOST_NAMES = 5;

/** Keeps a store as its files are, until it is closed. */
export class FollowedCertificates {
  readonly store: CertificateStore;
  readonly #files: CertificateFiles;
  readonly #logger: Logger;
  readonly #notices: ExpiryNotices | undefined;
  readonly #follower: FileFollower;
  readonly #onClose: (() => void) | undefined;

  constructor(options: FollowedCertificatesOptions) {
    const { files, store, logger, tellsExpiry, onClose, now = Date.now, times = {} } = options;
    this.#onClose = onClose;
    this.store = store;
    this.#files = files;
    this.#logger = logger;
    this.#notices = tellsExpiry ? new ExpiryNotices(logger, now) : undefined;
    this.#follower = new FileFollower(() => this.#look(), logger, times);
    store.setSource('files', files.certificates);
  }

  /** Begins to follow the files. What cannot be used at all is logged, because a worker starts in spite of it. */
  start(): void {
    for (const { severity, message } of this.#files.problems) {
      if (severity === 'unusable') this.#logger.error({ problem: message }, 'a certificate cannot be used');
    }
    this.#follower.start(this.#files.folders);
  }

  /** Has the files looked at soon. */
  ask(): void {
    this.#follower.ask();
  }

  close(): void {
    this.#follower.close();
    this.#onClose?.();
  }

  async #look(): Promise<Looked> {
    const { changes, isSettled } = await this.#files.look();
    for (const change of changes) tell(change, this.#logger);
    if (changes.some(({ change }) => change !== 'kept')) this.store.setSource('files', this.#files.certificates);
    else this.store.refreshIfDue();
    this.#notices?.tell(this.store.certificates);
    return { isSettled, folders: this.#files.folders, files: this.#files.count };
  }
}

const SAID = {
  added: 'a certificate was added',
  replaced: 'a certificate was read again',
  removed: 'a certificate was removed, because its file is gone',
};

function tell(change: PairChange, logger: Logger): void {
  if (change.change !== 'kept') return logger.info(fieldsOf(change.certificate), SAID[change.change]);
  const { problem, used } = change;
  if (used === undefined) return logger.warn({ problem }, 'a certificate cannot be used');
  logger.warn({ ...fieldsOf(used), problem }, 'a certificate cannot be used; the one before stays in use');
}

/** What the log says of a certificate. */
export function fieldsOf({ file, names, addresses, notAfter }: ServerCertificate): object {
  const all = [...names, ...addresses];
  const more = all.length - MOST_NAMES;
  return {
    file,
    names: all.slice(0, MOST_NAMES),
    ...(more > 0 && { moreNames: more }),
    notAfter: new Date(notAfter).toISOString(),
  };
}
