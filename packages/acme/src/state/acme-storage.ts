import { z } from 'zod';
import type { AccountStore } from '../client/account.ts';
import type { AccountKey } from '../client/account-key.ts';
import type { IssuedCertificate } from '../x509/issued-certificate.ts';

/** What has been done for a certificate that is not there yet. */
export const progressSchema = z.object({
  hosts: z.array(z.string()),
  /** The order that is under way, with the key of its certificate as PEM. */
  order: z.object({ url: z.url({ protocol: /^https$/u }), key: z.string() }).optional(),
  /** When it failed lately, in milliseconds since 1970. */
  failures: z.array(z.number()).default([]),
  /** Not to be tried before. */
  retryAt: z.number().optional(),
  /** Until when the CA does not want to be asked. */
  limitedUntil: z.number().optional(),
  /** Why it failed last. */
  error: z.string().optional(),
});
export type Progress = z.infer<typeof progressSchema>;

/** What the CA has said about renewing a certificate (RFC 9773). Times are milliseconds since 1970. */
export const renewalNoteSchema = z.object({
  /** Of the certificate. */
  renewalId: z.string(),
  window: z.object({ start: z.number(), end: z.number(), explanation: z.string().optional() }),
  /** It does not want to be asked before. */
  lookAt: z.number(),
});
export type RenewalNote = z.infer<typeof renewalNoteSchema>;

/** The account at a CA, as it is kept. */
export const accountSchema = z.object({
  /** As PEM. */
  key: z.string(),
  url: z.string().optional(),
  email: z.string().optional(),
});
export type KeptAccount = z.infer<typeof accountSchema>;

/** An account, ready to be used. */
export interface OpenedAccount {
  readonly key: AccountKey;
  readonly store: AccountStore;
}

/**
 * What is kept of one CA: the account, the certificates, and orders that are under way. Several processes may have the same. What is shared with
 * others may be out of reach: then methods reject with an `AcmeError` of kind `away`, and nothing is ordered.
 */
export interface AcmeStorage {
  /** The account, with a new key if there is none. The same for all that share it. */
  account(): Promise<OpenedAccount>;
  /** The names of all certificates that are kept. */
  names(): Promise<string[]>;
  /** A certificate, or undefined if there is none that could be used. What this process has counts, whether or not others can be asked. */
  certificate(name: string): Promise<IssuedCertificate | undefined>;
  /** What has been done for a certificate, as far as this process knows. */
  progress(name: string): Promise<Progress | undefined>;
  /** What the CA has told this process, or one before it with the same folder, about renewing a certificate. */
  renewal(name: string): Promise<RenewalNote | undefined>;
  saveRenewal(name: string, note: RenewalNote): Promise<void>;
  /** Removes all that there is of a certificate. */
  remove(name: string): Promise<void>;
  /** Undefined if another process is at work on this certificate. */
  lock(name: string): Promise<CertificateLock | undefined>;
  /**
   * Counts an order for a name that nobody has ordered before. False: all that share this have had `most` within the hour. A storage that does not
   * have it is not shared.
   */
  countNew?(most: number): Promise<boolean>;
  /**
   * Calls `listener` with each certificate that another process has got. Returns what ends that. A storage that does not have it is looked at
   * again and again.
   */
  watch?(listener: CertificateListener): () => void;
}

/** Gets the name of a certificate, and what it is now. */
export type CertificateListener = (name: string, issued: IssuedCertificate) => void;

/**
 * The right to work on a certificate. What is written under it is not written any more when another process has taken the right, e.g. because
 * this one was halted for long: methods then reject with an `AcmeError` of kind `taken`.
 */
export interface CertificateLock {
  /** Aborted when the right may be another one's. */
  readonly lost: AbortSignal;
  /** What is kept now, by whichever process. */
  certificate(): Promise<IssuedCertificate | undefined>;
  progress(): Promise<Progress | undefined>;
  saveCertificate(issued: IssuedCertificate): Promise<void>;
  saveProgress(progress: Progress): Promise<void>;
  removeProgress(): Promise<void>;
  /** Never rejects. */
  release(): Promise<void>;
}
