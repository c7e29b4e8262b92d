import { readBasic } from '../passwords/credentials.ts';

/** Characters of the longest token that is looked at. */
const LONGEST = 16_384;
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)[ \t]*$/i;

/** A token as a client has sent it. */
export interface SentToken {
  readonly token: string;
  /** The user name beside a token that came as a password. */
  readonly user: string | undefined;
}

/** Whether credentials are of the scheme `Bearer` (RFC 6750 section 2.1). */
export function isBearer(credentials: string): boolean {
  return /^bearer(?: |$)/i.test(credentials);
}

/** Reads the token of `Bearer`. Undefined for what is none. */
export function readBearer(credentials: string): SentToken | undefined {
  const token = credentials.length > LONGEST ? undefined : BEARER.exec(credentials)?.[1];
  return token === undefined ? undefined : { token, user: undefined };
}

/** Reads a token that is the password of `Basic`, for programs that know nothing else. */
export function readTokenAsPassword(credentials: string): SentToken | undefined {
  const read = readBasic(credentials, LONGEST);
  return read && { token: read.password.toString('latin1'), user: read.user };
}
