import type {
  Authenticator,
  AuthOutcome,
  AuthQuery,
  Logger,
  MaybePromise,
  RevokedTokens,
  SharedGuesses,
  SockAddr,
} from '@inband/core';
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { type Groups, groupsByUser } from '../base/groups.ts';
import { isSafeName } from '../base/user-name.ts';
import type { FollowedFile } from '../followed/followed-file.ts';
import { follow, type ReadBounded, type Version } from '../followed/version.ts';
import { Verdicts } from '../guard/verdicts.ts';
import { networkOf } from '../guard/network.ts';
import { verifications, type Verifications } from '../guard/verifications.ts';
import { WrongGuesses } from '../guard/wrong-guesses.ts';
import { isBasic } from '../passwords/credentials.ts';
import { hashName } from '../base/hash-name.ts';
import { bearerChallenge } from './challenge.ts';
import { claimText, claimTexts } from './claims.ts';
import { isBearer, readBearer, readTokenAsPassword, type SentToken } from './credentials.ts';
import { FetchedKeys } from './fetched-keys.ts';
import { type KeySet, readKeySet } from './key-set.ts';

export interface BearerOptions {
  readonly realm: string;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly algorithms: readonly string[];
  /** Paths of claims, with dots. */
  readonly claims: { readonly user: string; readonly groups: string };
  /** Whether it may come as the password of `Basic`, too. */
  readonly asPassword: boolean;
  /** Beside those of the token, by the name of the group. */
  readonly groups: Groups;
  /** The place of the setting: `services.web.auth`. */
  readonly setting: string;
}

export interface BearerDeps {
  readonly logger: Logger;
  readonly read: ReadBounded;
  /** Default: that of the process. */
  readonly verifications?: Verifications;
  /** Milliseconds between two looks at the file. */
  readonly interval?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** See `AuthDeps`. */
  readonly guesses?: SharedGuesses | undefined;
  readonly revoked?: RevokedTokens | undefined;
}

interface Judged {
  readonly outcome: AuthOutcome;
  /** Whether the token is not signed as it should be. */
  readonly isForged: boolean;
}

const NONE: AuthOutcome = Object.freeze({ verdict: 'none' });
const REVOKED = 'The token was revoked.';
/** Seconds that the clocks of both may differ. */
const CLOCK_TOLERANCE = 30;

/** Authenticates by signed tokens (RFC 7519) that are sent as RFC 6750 says. */
export class BearerAuthenticator implements Authenticator {
  readonly challenges: readonly string[];
  readonly readsPasswords: boolean;
  readonly #options: BearerOptions;
  readonly #deps: BearerDeps;
  readonly #verdicts: Verdicts<AuthOutcome>;
  readonly #guesses: WrongGuesses;
  readonly #groups: ReadonlyMap<string, readonly string[]>;
  readonly #file: FollowedFile | undefined;
  readonly #fetched: FetchedKeys | undefined;
  /** Verifications that run, so that several requests with one token cost one. */
  readonly #pending = new Map<string, Promise<AuthOutcome>>();
  #keys: KeySet;
  /** Counts the versions of the keys, and of the tokens that are revoked. */
  #version = 0;
  /** The version of `revoked` when it was looked at last. */
  #seenRevoked = 0;

  /** `from`: the URL of the keys, or the file that has them, which is followed. */
  constructor(options: BearerOptions, from: string | Version<KeySet>, deps: BearerDeps) {
    const { realm, asPassword, setting, groups } = options;
    this.challenges = [bearerChallenge(realm), ...(asPassword ? [`Basic realm="${realm}", charset="UTF-8"`] : [])];
    this.readsPasswords = asPassword;
    this.#options = options;
    this.#deps = deps;
    this.#verdicts = new Verdicts(deps.now);
    this.#guesses = new WrongGuesses({ setting, now: deps.now, shared: deps.guesses });
    this.#groups = groupsByUser(groups);
    if (typeof from === 'string') {
      const { logger, now } = deps;
      this.#fetched = new FetchedKeys(from, { logger, setting, now });
      this.#keys = this.#fetched;
      return;
    }
    this.#keys = from.content;
    this.#file = follow(from, { parse: readKeySet, of: 'keys', onContent: (keys) => this.#take(keys) }, deps);
  }

  authenticate({ client, credentials }: AuthQuery): MaybePromise<AuthOutcome> {
    if (credentials === undefined || !this.#isLookedAt(credentials)) return NONE;
    this.#followRevoked();
    const name = this.#verdicts.nameOf(credentials);
    const known = this.#verdicts.find(name);
    if (known !== undefined) return known;
    const running = this.#pending.get(name);
    if (running !== undefined) return running;
    const sent = isBearer(credentials) ? readBearer(credentials) : readTokenAsPassword(credentials);
    if (sent === undefined) return this.#denied('The token cannot be read.');
    const claimed = claimedUser(sent, this.#options.claims.user);
    this.#guesses.check(client.address, claimed);
    const found = this.#verify(name, sent, claimed, client.address).finally(() => {
      if (this.#pending.get(name) === found) this.#pending.delete(name);
    });
    this.#pending.set(name, found);
    return found;
  }

  close(): void {
    this.#file?.close();
    this.#fetched?.close();
    this.#verdicts.clear();
  }

  #isLookedAt(credentials: string): boolean {
    return isBearer(credentials) || (this.#options.asPassword && isBasic(credentials));
  }

  async #verify(name: string, { token }: SentToken, claimed: string, client: SockAddr): Promise<AuthOutcome> {
    const version = this.#version;
    const queue = this.#deps.verifications ?? verifications;
    // Before its turn, so that a server of keys that does not answer keeps nobody else from logging in.
    await this.#fetched?.ready(token, this.#options.algorithms);
    const { outcome, isForged } = await queue.run(networkOf(client), () => this.#judge(token));
    const isUser = outcome.verdict === 'user';
    if (isUser) this.#guesses.right(client, claimed);
    // Who shows a token that was good once guesses nothing.
    else if (isForged) {
      this.#guesses.wrong(client, claimed);
      this.#guesses.confirm(client, claimed);
    }
    // By keys that have been replaced meanwhile nothing is kept.
    if (version === this.#version) this.#verdicts.keep(name, outcome, !isUser, isUser ? timeLeft(token) : undefined);
    return outcome;
  }

  async #judge(token: string): Promise<Judged> {
    const { issuer, audience, algorithms } = this.#options;
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
        issuer,
        audience: [...audience],
        algorithms: [...algorithms],
        clockTolerance: CLOCK_TOLERANCE,
        requiredClaims: ['exp'],
      });
      const outcome = this.#isRevoked(token, payload) ? this.#denied(REVOKED) : this.#userOf(payload);
      return { outcome, isForged: false };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return { outcome: this.#denied(sentenceOf(error)), isForged: isOfKey(error) };
    }
  }

  #userOf(payload: JWTPayload): AuthOutcome {
    const { claims } = this.#options;
    const user = claimText(payload, claims.user);
    if (user === undefined || !isSafeName(user))
      return this.#denied(`The claim "${claims.user}" of the token is no user.`);
    const groups = [...claimTexts(payload, claims.groups).filter(isSafeName), ...(this.#groups.get(user) ?? [])];
    return { verdict: 'user', user, groups: [...new Set(groups)] };
  }

  #denied(why: string): AuthOutcome {
    const [, ...others] = this.challenges;
    return { verdict: 'denied', why, challenges: [bearerChallenge(this.#options.realm, why), ...others] };
  }

  #isRevoked(token: string, { jti }: JWTPayload): boolean {
    const { revoked } = this.#deps;
    if (revoked === undefined || revoked.isEmpty) return false;
    return revoked.has(hashName(token)) || (jti !== undefined && revoked.has(`jti:${jti}`));
  }

  /** What was found is judged anew where other tokens are revoked than before. */
  #followRevoked(): void {
    const { revoked } = this.#deps;
    if (revoked === undefined || revoked.version === this.#seenRevoked) return;
    this.#seenRevoked = revoked.version;
    this.#forget();
  }

  #take(keys: KeySet): void {
    this.#keys = keys;
    this.#forget();
  }

  #forget(): void {
    this.#version += 1;
    this.#verdicts.clear();
    this.#pending.clear();
  }
}

/** Whose token it says it is, before it is verified. */
function claimedUser({ token }: SentToken, claim: string): string {
  try {
    return claimText(decodeJwt(token), claim)?.slice(0, 255) ?? '';
  } catch {
    return '';
  }
}

/** Milliseconds until a token that was verified is no longer valid. */
function timeLeft(token: string): number {
  const { exp = 0 } = decodeJwt(token);
  return (exp + CLOCK_TOLERANCE) * 1_000 - Date.now();
}

/** For the client and the log. Has nothing of the token in it. */
function sentenceOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `The claim "${error.claim}" of the token is not the one that is expected here.`;
  }
  return isOfKey(error) ? 'The token is not signed by a key that counts here.' : 'The token cannot be read.';
}

function isOfKey(error: errors.JOSEError): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}
