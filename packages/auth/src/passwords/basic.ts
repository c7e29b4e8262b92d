import {
  type Authenticator,
  type AuthOutcome,
  type AuthQuery,
  type Logger,
  type MaybePromise,
  type SharedGuesses,
  type SockAddr,
} from '@inband/core';
import { Verdicts } from '../guard/verdicts.ts';
import { networkOf } from '../guard/network.ts';
import { verifications, type Verifications } from '../guard/verifications.ts';
import { WrongGuesses } from '../guard/wrong-guesses.ts';
import type { PasswordHash } from '../hashes/password-hash.ts';
import { verifyHash } from '../hashes/verify-hash.ts';
import { type Groups, groupsByUser } from '../base/groups.ts';
import { type BasicCredentials, isBasic, readBasic } from './credentials.ts';
import type { FollowedFile } from '../followed/followed-file.ts';
import { follow, type ReadBounded } from '../followed/version.ts';
import { type PasswordFile, readHtpasswd, type Users } from './users.ts';

export interface BasicOptions {
  /** What a browser shows. */
  readonly realm: string;
  /** By the name of the group. */
  readonly groups: Groups;
  /** The place of the setting: `services.web.auth`. */
  readonly setting: string;
}

export interface BasicDeps {
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
}

const NONE: AuthOutcome = Object.freeze({ verdict: 'none' });
/** One sentence for both, so that nobody learns which users there are. */
const WRONG: AuthOutcome = Object.freeze({ verdict: 'denied', why: 'The user or the password is wrong.' });
const NO_GROUPS: readonly string[] = Object.freeze([]);

/** Authenticates by user and password (RFC 7617). */
export class BasicAuthenticator implements Authenticator {
  readonly challenges: readonly string[];
  readonly readsPasswords = true;
  readonly #deps: BasicDeps;
  readonly #verdicts: Verdicts<AuthOutcome>;
  readonly #guesses: WrongGuesses;
  readonly #file: FollowedFile | undefined;
  readonly #groups: ReadonlyMap<string, readonly string[]>;
  /** Verifications that run, so that the connections of one browser cost one. */
  readonly #pending = new Map<string, Promise<AuthOutcome>>();
  #users: Users;
  /** Counts the versions of the users. */
  #version = 0;

  /** `from`: the users, or the file that has them, which is followed. */
  constructor({ realm, groups, setting }: BasicOptions, from: Users | PasswordFile, deps: BasicDeps) {
    this.challenges = [`Basic realm="${realm}", charset="UTF-8"`];
    this.#deps = deps;
    this.#verdicts = new Verdicts(deps.now);
    this.#guesses = new WrongGuesses({ setting, now: deps.now, shared: deps.guesses });
    this.#groups = groupsByUser(groups);
    const isFile = 'path' in from;
    this.#users = isFile ? from.content : from;
    const following = { parse: readHtpasswd, of: 'users', onContent: (users: Users): void => this.#take(users) };
    this.#file = isFile ? follow(from, following, deps) : undefined;
  }

  authenticate({ client, credentials }: AuthQuery): MaybePromise<AuthOutcome> {
    if (credentials === undefined || !isBasic(credentials)) return NONE;
    const name = this.#verdicts.nameOf(credentials);
    const known = this.#verdicts.find(name);
    if (known !== undefined) return known;
    const read = readBasic(credentials);
    if (read === undefined) return WRONG;
    this.#guesses.check(client.address, read.user);
    const running = this.#pending.get(name);
    if (running !== undefined) return running;
    this.#guesses.wrong(client.address, read.user);
    const found = this.#verify(name, read, client.address).finally(() => this.#pending.delete(name));
    this.#pending.set(name, found);
    return found;
  }

  close(): void {
    this.#file?.close();
    this.#verdicts.clear();
  }

  async #verify(name: string, { user, password }: BasicCredentials, client: SockAddr): Promise<AuthOutcome> {
    const version = this.#version;
    const known = this.#users.get(user);
    // An unknown user takes as long as one that is known.
    const [decoy] = this.#users.values();
    const hash = known ?? decoy;
    if (hash === undefined) return WRONG;
    const isRight = (await this.#compare(hash, password, user, client)) && known !== undefined;
    if (isRight) this.#guesses.right(client, user);
    else this.#guesses.confirm(client, user);
    const outcome: AuthOutcome = isRight
      ? { verdict: 'user', user, groups: this.#groups.get(user) ?? NO_GROUPS }
      : WRONG;
    // Of users that have been replaced meanwhile nothing is kept.
    if (version === this.#version) this.#verdicts.keep(name, outcome, !isRight);
    return outcome;
  }

  async #compare(hash: PasswordHash, password: Buffer, user: string, client: SockAddr): Promise<boolean> {
    const queue = this.#deps.verifications ?? verifications;
    try {
      return await queue.run(networkOf(client), () => verifyHash(hash, password));
    } catch (error) {
      this.#guesses.undo(client, user);
      throw error;
    } finally {
      password.fill(0);
    }
  }

  #take(users: Users): void {
    this.#users = users;
    this.#version += 1;
    this.#verdicts.clear();
  }
}
