import type { MaybePromise } from '../base/maybe-promise.ts';
import type { ClientConnection } from '../session/session.ts';

/** What is asked of an {@link Authenticator}: whose request is this? */
export interface AuthQuery {
  readonly client: ClientConnection;
  /**
   * The value of `Proxy-Authorization`, or of `Authorization` in mode reverse; undefined if the request has none. Of a SOCKS client that gave a
   * user and a password it is the same in `Basic`. Not to be kept, logged or put into an error.
   */
  readonly credentials: string | undefined;
}

/**
 * What an {@link Authenticator} says:
 * - `user`: it is this user's.
 * - `none`: it shows nothing that this way of authentication looks at. The next one in a list is asked.
 * - `denied`: what it shows is wrong. `why` is a sentence for the log and the client; it does not tell an unknown user from a wrong password.
 */
export type AuthOutcome =
  | { readonly verdict: 'user'; readonly user: string; readonly groups: readonly string[] }
  | { readonly verdict: 'none' }
  | { readonly verdict: 'denied'; readonly why: string };

/** Says who the clients of one service are: `services.NAME.auth`. */
export interface Authenticator {
  /** What a client that must authenticate is told: values of `Proxy-Authenticate` or `WWW-Authenticate`, the preferred one first. */
  readonly challenges: readonly string[];
  /** Whether it takes a user and a password, which SOCKS clients are asked for then (RFC 1929). */
  readonly readsPasswords: boolean;
  /** Rejects or throws with a `ProxyError` where it cannot say: too many wait, or too many guesses were wrong. */
  authenticate(query: AuthQuery): MaybePromise<AuthOutcome>;
  /** Called once, at the end of its service or when its configuration is another one. */
  close?(): void;
}
