import { certificateName } from '../base/host-names.ts';
import type { RenewalWindow } from '../client/acme-client.ts';
import type { Progress, RenewalNote } from '../state/acme-storage.ts';
import type { IssuedCertificate } from '../x509/issued-certificate.ts';
import { type Failed, heeded } from './back-off.ts';
import { nextOrder, nextWindowLook, renewalTime } from './schedule.ts';

/** What is known about a certificate, for people and metrics. Times are milliseconds since 1970. */
export interface KeptStatus {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly onDemand: boolean;
  /** Whether something is asked of the CA now. */
  readonly isBusy: boolean;
  readonly notAfter: number | undefined;
  /** When the next attempt to get or renew it begins. */
  readonly next: number;
  readonly lastSuccess: number | undefined;
  readonly lastFailure: number | undefined;
  /** Why the last attempt failed, if none has succeeded since. */
  readonly error: string | undefined;
  /** A page of the CA that says why it wants the certificate to be renewed now. */
  readonly explanation: string | undefined;
}

/** What is due for a certificate. */
export type Due = 'issue' | 'look at window' | undefined;

/** One certificate that is kept valid: what there is of it, and when something has to be done. */
export class Kept {
  readonly hosts: readonly string[];
  readonly name: string;
  readonly onDemand: boolean;
  isBusy = false;
  /** Whether it was counted as an order for a new name, and that was not begun yet. */
  isCounted = false;
  #issued: IssuedCertificate | undefined = undefined;
  #window: RenewalWindow | undefined = undefined;
  /** When to ask the CA for its window. */
  #lookAt = 0;
  /** Nothing is issued before. */
  #notBefore = 0;
  /** Until when another process is believed to work on it. */
  #elsewhereUntil = 0;
  /** The last failure that is known, of whichever process. */
  #seenFailure = 0;
  #lastSuccess: number | undefined = undefined;
  #lastFailure: number | undefined = undefined;
  #error: string | undefined = undefined;

  constructor(hosts: readonly string[], onDemand: boolean) {
    this.hosts = hosts;
    this.name = certificateName(hosts);
    this.onDemand = onDemand;
  }

  get issued(): IssuedCertificate | undefined {
    return this.#issued;
  }

  isValid(now: number): boolean {
    return this.#issued !== undefined && this.#issued.notAfter > now;
  }

  /** Whether it was a client's wish, and nothing is left of it: the certificate has expired, or the time after a failure is over. */
  isForgettable(now: number): boolean {
    if (!this.onDemand || this.isBusy) return false;
    return this.#issued === undefined ? this.#error !== undefined && this.#notBefore <= now : !this.isValid(now);
  }

  /** A certificate is there: it was issued, or found in the state folder. Whatever was known of the one before is void. */
  has(issued: IssuedCertificate): void {
    if (issued.sha256 === this.#issued?.sha256) return;
    this.#issued = issued;
    this.#window = undefined;
    this.#lookAt = 0;
  }

  succeeded(issued: IssuedCertificate, now: number): void {
    this.has(issued);
    this.#elsewhereUntil = 0;
    this.#lastSuccess = now;
    this.#error = undefined;
    this.#notBefore = nextOrder(issued, now);
  }

  failed({ error, failures, retryAt }: Failed): void {
    this.#lastFailure = failures.at(-1);
    this.#seenFailure = failures.at(-1) ?? 0;
    this.#error = error;
    this.#notBefore = retryAt;
  }

  /** Another process has failed: nothing is to be issued before the time that it noted. Returns whether it is so. */
  failedElsewhere({ failures, retryAt, error }: Progress, now: number): boolean {
    const last = failures.at(-1) ?? 0;
    if (last <= this.#seenFailure) return false;
    this.#seenFailure = last;
    const time = heeded(retryAt, now);
    if (time <= now) return false;
    this.wait(time, error);
    return true;
  }

  /** What is known of it at the start of the program. */
  remember(progress: Progress, notBefore: number): void {
    this.#seenFailure = progress.failures.at(-1) ?? 0;
    this.wait(notBefore, progress.error);
  }

  /** Another process works on it. It is looked again at `time`. */
  isTaken(time: number): void {
    this.#elsewhereUntil = time;
    this.#notBefore = time;
  }

  isElsewhere(now: number): boolean {
    return this.#elsewhereUntil > now;
  }

  /** Nothing is to be issued before `time`, because of `error` if there was one. */
  wait(time: number, error?: string): void {
    this.#notBefore = time;
    this.#error = error ?? this.#error;
  }

  /** What the CA said about renewing, or undefined if it said nothing. */
  saw(window: RenewalWindow | undefined, retryAt: number | undefined, now: number): void {
    this.#window = window ?? this.#window;
    this.#lookAt = nextWindowLook(retryAt, now);
  }

  /** What the CA has said about renewing the certificate that is there. */
  get renewalNote(): RenewalNote | undefined {
    const renewalId = this.#issued?.renewalId;
    const window = this.#window;
    if (renewalId === undefined || window === undefined) return undefined;
    return { renewalId, window, lookAt: this.#lookAt };
  }

  /** What the CA has said before the start of the program, if it was about the certificate that is there. */
  recall({ renewalId, window, lookAt }: RenewalNote, now: number): void {
    if (renewalId !== this.#issued?.renewalId) return;
    this.#window = { ...window, explanation: window.explanation };
    // The clock may have been set.
    this.#lookAt = Math.min(lookAt, nextWindowLook(Infinity, now));
  }

  /** When it is issued next. */
  get issueAt(): number {
    const wanted = this.#issued === undefined ? 0 : renewalTime(this.#issued, this.#window);
    return Math.max(wanted, this.#notBefore);
  }

  /** When something is due next. */
  get dueAt(): number {
    return this.#issued?.renewalId === undefined ? this.issueAt : Math.min(this.issueAt, this.#lookAt);
  }

  due(now: number): Due {
    // The clock may have been set back.
    this.#notBefore = heeded(this.#notBefore, now);
    this.#lookAt = Math.min(this.#lookAt, nextWindowLook(Infinity, now));
    if (this.isBusy || this.dueAt > now) return undefined;
    // The CA may want more time, or less.
    if (this.#issued?.renewalId !== undefined && this.#lookAt <= now) return 'look at window';
    return 'issue';
  }

  status(now: number): KeptStatus {
    return {
      name: this.name,
      hosts: this.hosts,
      onDemand: this.onDemand,
      isBusy: this.isBusy,
      notAfter: this.#issued?.notAfter,
      next: Math.max(this.issueAt, now),
      lastSuccess: this.#lastSuccess,
      lastFailure: this.#lastFailure,
      error: this.#error,
      explanation: this.#window?.explanation,
    };
  }
}
