import type { MaybePromise } from '../base/maybe-promise.ts';
import type { ClientConnection } from '../session/session-view.ts';

/** The request of an {@link AuthQuery}. Valid until the outcome is there, and not to be kept. */
export interface AuthRequest {
  readonly method: string;
  /** The target as the client wrote it on the request line. */
  readonly target: string;
  readonly scheme: 'http' | 'https';
  /** Host and port of the target, as a URL has them: without the port of the scheme. */
  readonly authority: string;
  /** Path and query, as a URL has them; `/` for a CONNECT. */
  readonly path: string;
  /** The values of the fields with this name, in lower case. */
  fields(name: string): readonly string[];
}

/** What is asked of an {@link Authenticator}: whose request is this? */
export interface AuthQuery {
  readonly client: ClientConnection;
  /**
   * The value of `Proxy-Authorization`, or of `Authorization` in mode reverse; undefined if the request has none. Of a SOCKS client that gave a
   * user and a password it is the same in `Basic`. Not to be kept, logged or put into an error.
   */
  readonly credentials: string | undefined;
  /** Undefined for the login of a SOCKS client, which comes before its request. */
  readonly request?: AuthRequest | undefined;
}

/** Says whose a request is. */
export interface Identified {
  readonly verdict: 'user';
  /** Undefined: somebody who may go on, and has no name. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  /**
   * Fields that the request goes on with, by their names in lower case. The client's own with such a name are left out, also where the
   * value is undefined, so that nobody can send what is to come from here.
   */
  readonly requestFields?: ReadonlyMap<string, string | undefined> | undefined;
}

/** A whole answer to a client, of whoever was asked about it. */
export interface AuthAnswer {
  /** From 300 to 499. */
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly content: string;
}

/**
 * What an {@link Authenticator} says:
 * - `user`: it is this user's.
 * - `none`: it shows nothing that this way of authentication looks at. The next one in a list is asked.
 * - `denied`: what it shows is wrong. `why` is a sentence for the log and the client; it does not tell an unknown user from a wrong password.
 * - `answered`: it may not go on, and the client gets this answer.
 *
 * `challenges` are those for this request, in the place of {@link Authenticator.challenges}.
 */
export type AuthOutcome =
  | Identified
  | { readonly verdict: 'none'; readonly challenges?: readonly string[] | undefined }
  | { readonly verdict: 'denied'; readonly why: string; readonly challenges?: readonly string[] | undefined }
  | { readonly verdict: 'answered'; readonly why: string; readonly answer: AuthAnswer };

/** Says who the clients of one service are: `services.NAME.auth`. */
export interface Authenticator {
  /**
   * What a client that must authenticate is told: values of `Proxy-Authenticate` or `WWW-Authenticate`, the preferred one first. Read for
   * each that is told, so that they may differ (nonces).
   */
  readonly challenges: readonly string[];
  /** Whether it takes a user and a password, which SOCKS clients are asked for then (RFC 1929). */
  readonly readsPasswords: boolean;
  /** Whether it looks at {@link AuthQuery.credentials}. Then servers do not get `Authorization` in mode reverse. Default: true. */
  readonly readsCredentials?: boolean;
  /** Rejects or throws with a `ProxyError` where it cannot say: too many wait, or too many guesses were wrong. */
  authenticate(query: AuthQuery): MaybePromise<AuthOutcome>;
  /** Called once, at the end of its service or when its configuration is another one. */
  close?(): void;
}
