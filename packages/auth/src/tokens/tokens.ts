import type { Authenticator, AuthOutcome, AuthQuery, RevokedTokens } from '@inband/core';
import { type Groups, groupsByUser } from '../base/groups.ts';
import { bearerChallenge } from '../bearer/challenge.ts';
import { isBearer, readBearer, readTokenAsPassword } from '../bearer/credentials.ts';
import type { FollowedFile } from '../followed/followed-file.ts';
import { follow, type FollowDeps, type Version } from '../followed/version.ts';
import { isBasic } from '../passwords/credentials.ts';
import { hashName } from '../base/hash-name.ts';
import { readTokenFile, type Tokens } from './token-list.ts';

export interface TokenOptions {
  readonly realm: string;
  readonly groups: Groups;
}

const NONE: AuthOutcome = Object.freeze({ verdict: 'none' });
const WRONG = 'The token is wrong.';
/** Before what {@link Tokens} have of a token. */
const HASH = 'sha256:';

export interface TokenDeps extends FollowDeps {
  /** See `AuthDeps`. */
  readonly revoked?: RevokedTokens | undefined;
}

/**
 * Authenticates by tokens of many random bits, as `Bearer` (RFC 6750), or as the password of `Basic` for programs that know nothing else. Nobody
 * guesses them, so a fast hash is enough to keep, and to look up: it takes a microsecond, whether there is such a token or not.
 */
export class TokenAuthenticator implements Authenticator {
  readonly challenges: readonly string[];
  readonly readsPasswords = true;
  readonly #denied: AuthOutcome;
  readonly #groups: ReadonlyMap<string, readonly string[]>;
  readonly #file: FollowedFile | undefined;
  readonly #revoked: RevokedTokens | undefined;
  #tokens: Tokens;

  /** `from`: the tokens, or the file that has them, which is followed. */
  constructor({ realm, groups }: TokenOptions, from: Tokens | Version<Tokens>, deps: TokenDeps) {
    this.#revoked = deps.revoked;
    const asPassword = `Basic realm="${realm}", charset="UTF-8"`;
    this.challenges = [bearerChallenge(realm), asPassword];
    this.#denied = { verdict: 'denied', why: WRONG, challenges: [bearerChallenge(realm, WRONG), asPassword] };
    this.#groups = groupsByUser(groups);
    const isFile = 'path' in from;
    this.#tokens = isFile ? from.content : from;
    const onContent = (tokens: Tokens): void => void (this.#tokens = tokens);
    this.#file = isFile ? follow(from, { parse: readTokenFile, of: 'tokens', onContent }, deps) : undefined;
  }

  authenticate({ credentials }: AuthQuery): AuthOutcome {
    if (credentials === undefined || !(isBearer(credentials) || isBasic(credentials))) return NONE;
    const sent = isBearer(credentials) ? readBearer(credentials) : readTokenAsPassword(credentials);
    if (sent === undefined) return this.#denied;
    const name = hashName(sent.token);
    const user = this.#tokens.get(name.slice(HASH.length));
    if (user === undefined || (sent.user ?? user) !== user || this.#isRevoked(name)) return this.#denied;
    return { verdict: 'user', user, groups: this.#groups.get(user) ?? [] };
  }

  #isRevoked(name: string): boolean {
    return this.#revoked !== undefined && !this.#revoked.isEmpty && this.#revoked.has(name);
  }

  close(): void {
    this.#file?.close();
  }
}
