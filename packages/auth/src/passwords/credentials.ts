import { isUserName } from './users.ts';

/** A user and a password as a client has sent them. The password is bytes, because clients do not agree on a charset. */
export interface BasicCredentials {
  readonly user: string;
  readonly password: Buffer;
}

/** Characters of the longest credentials that are looked at. */
const LONGEST = 2_048;
const BASIC = /^basic +([A-Za-z0-9+/_-]+={0,2})[ \t]*$/i;
const COLON = 0x3a;

/** Whether credentials are of the scheme `Basic`. */
export function isBasic(credentials: string): boolean {
  return /^basic(?: |$)/i.test(credentials);
}

/** Reads the credentials of RFC 7617. Undefined for what no user can have. */
export function readBasic(credentials: string, longest = LONGEST): BasicCredentials | undefined {
  const encoded = credentials.length > longest ? undefined : BASIC.exec(credentials)?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(COLON);
  if (colon <= 0) return undefined;
  const user = bytes.toString('utf8', 0, colon);
  return isUserName(user) ? { user, password: bytes.subarray(colon + 1) } : undefined;
}
