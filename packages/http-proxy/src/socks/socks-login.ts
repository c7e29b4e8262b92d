import { AuthenticationError, type AuthOutcome } from '@inband/core';

/** Methods of authentication (RFC 1928 section 3). */
const NO_AUTHENTICATION = 0;
/** What its client says is a message of its own between methods and request (RFC 1929). */
const USER_AND_PASSWORD = 2;
const NO_ACCEPTABLE_METHOD = 0xff;

/** Replies to a user and password (RFC 1929 section 2). */
export const LOGGED_IN = Buffer.from([1, 0]);
export const NOT_LOGGED_IN = Buffer.from([1, 1]);

/** The reply to a client that offers no method that is spoken here. */
export const NO_METHOD = Buffer.from([5, NO_ACCEPTABLE_METHOD]);

/** The method that the client is to use, and its next message then. */
interface ChosenMethod {
  readonly reply: Buffer;
  readonly next: 'login' | 'request';
}

/** Undefined where none of the offered methods is spoken. `readsPasswords`: whether somebody verifies them. */
export function chooseMethod(offered: readonly number[], readsPasswords: boolean): ChosenMethod | undefined {
  if (readsPasswords && offered.includes(USER_AND_PASSWORD)) {
    return { reply: Buffer.from([5, USER_AND_PASSWORD]), next: 'login' };
  }
  // Whoever must log in and does not is refused by the step that authenticates.
  if (!offered.includes(NO_AUTHENTICATION)) return undefined;
  return { reply: Buffer.from([5, NO_AUTHENTICATION]), next: 'request' };
}

/** As a request of HTTP would have them. Wipes the password. */
export function credentialsOf(userAndPassword: Buffer): string {
  const credentials = `Basic ${userAndPassword.toString('base64')}`;
  userAndPassword.fill(0);
  return credentials;
}

/** Why `outcome` logs nobody in. Undefined where it does, and where nobody verifies logins. */
export function loginProblem(outcome: AuthOutcome | undefined, service: string): AuthenticationError | undefined {
  if (outcome === undefined || outcome.verdict === 'user') return undefined;
  const why = outcome.verdict === 'denied' ? outcome.why : 'No user of this service logs in by a password.';
  return new AuthenticationError(407, why, `services.${service}.auth`, []);
}
