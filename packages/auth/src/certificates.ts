import type { Authenticator, AuthOutcome, AuthQuery } from '@inband/core';
import { groupsByUser, type Groups } from './base/groups.ts';

const NONE: AuthOutcome = Object.freeze({ verdict: 'none' });
const NO_GROUPS: readonly string[] = Object.freeze([]);

/** Takes the identity of a client's verified certificate for its user: see `ClientCertificate.identity`. */
export class CertificateAuthenticator implements Authenticator {
  /** A certificate is asked for by TLS, and not by HTTP. */
  readonly challenges: readonly string[] = [];
  readonly readsPasswords = false;
  readonly readsCredentials = false;
  readonly #groups: ReadonlyMap<string, readonly string[]>;

  constructor({ groups }: { readonly groups: Groups }) {
    this.#groups = groupsByUser(groups);
  }

  authenticate({ client }: AuthQuery): AuthOutcome {
    const user = client.tls?.certificate?.identity;
    return user === undefined ? NONE : { verdict: 'user', user, groups: this.#groups.get(user) ?? NO_GROUPS };
  }
}
