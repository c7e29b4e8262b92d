import type { Logger } from '@inband/core';
import { daysLeft, type ServerCertificate } from '../server-certificate.ts';

const DAY = 86_400_000;
/** Days before a certificate expires from which on that is logged. */
export const NOTICE_DAYS = 14;
/** Certificates that are named in a day. */
const MOST_NAMED = 20;

/** Says in the log, once a day, which certificates expire within two weeks. */
export class ExpiryNotices {
  readonly #logger: Logger;
  readonly #now: () => number;
  #lastTime = -Infinity;

  constructor(logger: Logger, now: () => number) {
    this.#logger = logger;
    this.#now = now;
  }

  /** To be called more often than once a day. */
  tell(certificates: readonly ServerCertificate[]): void {
    const now = this.#now();
    if (now - this.#lastTime < DAY) return;
    this.#lastTime = now;
    const soon = certificates
      .filter((certificate) => daysLeft(certificate, now) < NOTICE_DAYS)
      .toSorted((a, b) => a.notAfter - b.notAfter);
    for (const certificate of soon.slice(0, MOST_NAMED)) this.#tellOne(certificate, now);
    const more = soon.length - MOST_NAMED;
    if (more > 0) this.#logger.warn({ more }, 'further certificates expire soon, or have expired');
  }

  #tellOne(certificate: ServerCertificate, now: number): void {
    const { file, names, addresses, notAfter } = certificate;
    const fields = {
      file,
      name: names[0] ?? addresses[0],
      notAfter: new Date(notAfter).toISOString(),
      daysLeft: daysLeft(certificate, now),
    };
    if (notAfter <= now) this.#logger.error(fields, 'a certificate has expired');
    else this.#logger.warn(fields, 'a certificate expires soon');
  }
}
