import type { ServerNames } from './server-names.ts';

/** The kind of a key, by which clients say whether they can verify it. From the one that is preferred to the one that is accepted by most. */
export const KEY_TYPES = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'ed448', 'rsa-pss', 'rsa'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

/** A certificate with its chain and its key, checked: complete and read-only. */
export interface ServerCertificate extends ServerNames {
  /** PEM: the certificate itself, then those of intermediate authorities as they are sent. */
  readonly certificate: string;
  /** PEM, not encrypted. Never to be shown. */
  readonly key: string;
  /** Of `certificate` and `key`: equal content has an equal hash. */
  readonly hash: string;
  /** Where it is from, for messages: the file as the configuration names it, or `acme`. */
  readonly file: string;
  readonly keyType: KeyType;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  /** `CN=shop.example`, in one line. */
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256 of the certificate in DER, in hex with colons. */
  readonly fingerprint: string;
  /** What is wrong with the order of the chain, in a sentence. Some clients do not accept such a chain. */
  readonly chainProblem: string | undefined;
}

const DAY = 86_400_000;

/** Whole days until it expires; negative from a day after. */
export function daysLeft({ notAfter }: Pick<ServerCertificate, 'notAfter'>, now: number): number {
  return Math.floor((notAfter - now) / DAY);
}

/** Whether it is neither expired nor to become valid later. */
export function isValidAt({ notBefore, notAfter }: ServerCertificate, now: number): boolean {
  return notBefore <= now && now < notAfter;
}
