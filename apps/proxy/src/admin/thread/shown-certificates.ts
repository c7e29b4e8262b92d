import type { Certificates, TlsOptions } from '@inband/admin';
import { X509Certificate } from 'node:crypto';
import type { ShownCertificate } from '../../metrics/show/metrics-view.ts';

/** Milliseconds between two lists. */
const EVERY = 60_000;
/** Milliseconds until the first list, and the next one after there was no answer: the proxy may be starting. */
const SOON = 2_000;
/** Certificates that have a series each: those that expire first. */
const MOST = 1_000;

/** When certificates expire, for the metrics: that of the admin server at once, those of listeners as of the last minute. */
export class ShownCertificates {
  #own: readonly ShownCertificate[];
  #others: readonly ShownCertificate[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;

  constructor(tls: TlsOptions | undefined) {
    this.#own = ownOf(tls);
  }

  get all(): readonly ShownCertificate[] {
    return [...this.#own, ...this.#others];
  }

  /** The admin server has another certificate. */
  configure(tls: TlsOptions | undefined): void {
    this.#own = ownOf(tls);
  }

  /** Asks for all certificates from now on. */
  follow(ask: () => Promise<Certificates>): void {
    this.#timer = setTimeout(() => void this.#ask(ask), SOON).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #ask(ask: () => Promise<Certificates>): Promise<void> {
    const answer = await ask().catch(() => undefined);
    if (this.#isClosed) return;
    if (answer !== undefined) this.#others = othersIn(answer);
    this.#timer = setTimeout(() => void this.#ask(ask), answer === undefined ? SOON : EVERY).unref();
  }
}

function ownOf(tls: TlsOptions | undefined): ShownCertificate[] {
  if (tls === undefined) return [];
  return [{ certificate: 'admin.tls', notAfter: new X509Certificate(tls.cert).validToDate.getTime() }];
}

/** By file, because several listeners may have the same. */
function othersIn({ certificates }: Certificates): ShownCertificate[] {
  const byFile = new Map<string, number>();
  for (const { file, notAfter } of certificates) {
    if (file !== undefined) byFile.set(file, Math.min(byFile.get(file) ?? Infinity, Date.parse(notAfter)));
  }
  const all = [...byFile].map(([certificate, notAfter]) => ({ certificate, notAfter }));
  return all.toSorted((a, b) => a.notAfter - b.notAfter).slice(0, MOST);
}
