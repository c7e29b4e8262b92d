import type { Authenticator, AuthOutcome, AuthQuery, AuthRequest, SharedGuesses, SockAddr } from '@inband/core';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type Groups, groupsByUser } from '../base/groups.ts';
import type { FollowedFile } from '../followed/followed-file.ts';
import { follow, type FollowDeps } from '../followed/version.ts';
import { WrongGuesses } from '../guard/wrong-guesses.ts';
import { type DigestAlgorithm, type DigestFile, type DigestUsers, readHtdigest } from './digest-users.ts';
import { Nonces } from './nonces.ts';
import { isDigest, readParameters } from './parameters.ts';
import { digestOf, responseOf } from './response.ts';

export interface DigestOptions {
  readonly realm: string;
  /** The preferred one first. */
  readonly algorithms: readonly DigestAlgorithm[];
  /** By the name of the group. */
  readonly groups: Groups;
  /** The place of the setting: `services.web.auth`. */
  readonly setting: string;
}

export interface DigestDeps extends FollowDeps {
  /** Milliseconds of a monotonic clock. */
  readonly now?: (() => number) | undefined;
  /** See `AuthDeps`. */
  readonly guesses?: SharedGuesses | undefined;
}

/** What a client has sent. */
interface Sent {
  readonly algorithm: DigestAlgorithm;
  readonly user: string;
  /** `user` is a hash (RFC 7616 section 3.4.4). */
  readonly isHashed: boolean;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly response: string;
}

const NONE: AuthOutcome = Object.freeze({ verdict: 'none' });
const WRONG = 'The user or the password is wrong.';
const STALE = 'The nonce is too old, or was used before.';
const NO_GROUPS: readonly string[] = Object.freeze([]);
const HEX = /^[0-9a-f]+$/;

/**
 * Authenticates by `Digest` (RFC 7616), so that no password goes over the wire. Its hashes take microseconds, so they are computed at once, for an
 * unknown user as well.
 */
export class DigestAuthenticator implements Authenticator {
  readonly readsPasswords = false;
  readonly #options: DigestOptions;
  readonly #nonces: Nonces;
  readonly #guesses: WrongGuesses;
  readonly #groups: ReadonlyMap<string, readonly string[]>;
  readonly #file: FollowedFile | undefined;
  /** In place of the secret of a user that there is not. */
  readonly #decoy = randomBytes(32).toString('hex');
  #users: DigestUsers = new Map();
  /** By the hash of the user and the realm. */
  #byHash: ReadonlyMap<string, string> = new Map();

  /** `from`: the users, or the file that has them, which is followed. */
  constructor(options: DigestOptions, from: DigestUsers | DigestFile, deps: DigestDeps) {
    const { realm, algorithms, groups, setting } = options;
    this.#options = options;
    this.#nonces = new Nonces(deps.now);
    this.#guesses = new WrongGuesses({ setting, now: deps.now, shared: deps.guesses });
    this.#groups = groupsByUser(groups);
    const isFile = 'path' in from;
    this.#take(isFile ? from.content : from);
    const parse = (text: string): ReturnType<typeof readHtdigest> => readHtdigest(text, realm, algorithms);
    const onContent = (users: DigestUsers): void => this.#take(users);
    this.#file = isFile ? follow(from, { parse, of: 'users', onContent }, deps) : undefined;
  }

  get challenges(): readonly string[] {
    return this.#challenges(false);
  }

  authenticate({ client, credentials, request }: AuthQuery): AuthOutcome {
    if (credentials === undefined || request === undefined || !isDigest(credentials)) return NONE;
    const sent = this.#read(credentials);
    if (sent === undefined || !isFor(sent.uri, request)) return this.#denied(WRONG);
    const user = sent.isHashed ? (this.#byHash.get(sent.user) ?? '') : sent.user;
    this.#guesses.check(client.address, user);
    return this.#judge(sent, user, request, client.address);
  }

  close(): void {
    this.#file?.close();
  }

  #judge(sent: Sent, user: string, { method }: AuthRequest, client: SockAddr): AuthOutcome {
    const secret = this.#users.get(user)?.[sent.algorithm];
    const expected = responseOf({ ...sent, method, secret: secret ?? this.#decoy });
    if (!isSameText(expected, sent.response) || secret === undefined) {
      this.#guesses.wrong(client, user);
      this.#guesses.confirm(client, user);
      return this.#denied(WRONG);
    }
    // Only who knows the password is told that it is only the nonce.
    if (!this.#nonces.use(sent.nonce, Number.parseInt(sent.nc, 16))) return this.#denied(STALE, true);
    this.#guesses.right(client, user);
    return { verdict: 'user', user, groups: this.#groups.get(user) ?? NO_GROUPS };
  }

  /** Undefined for what no client sends that has understood the challenge. */
  #read(credentials: string): Sent | undefined {
    const parameters = readParameters(credentials);
    if (parameters?.get('realm') !== this.#options.realm || parameters.get('qop') !== 'auth') return undefined;
    const said = parameters.get('algorithm') ?? 'MD5';
    const algorithm = this.#options.algorithms.find((known) => known.toLowerCase() === said.toLowerCase());
    const user = userIn(parameters);
    const [uri, nonce, cnonce] = ['uri', 'nonce', 'cnonce'].map((name) => parameters.get(name) ?? '');
    const [nc, response] = ['nc', 'response'].map((name) => (parameters.get(name) ?? '').toLowerCase());
    if (algorithm === undefined || user === undefined || !uri || !nonce || !cnonce || !nc || !response)
      return undefined;
    if (!HEX.test(nc) || nc.length !== 8 || !HEX.test(response)) return undefined;
    const isHashed = parameters.get('userhash')?.toLowerCase() === 'true';
    // It is hashed as it was sent.
    return { algorithm, user, isHashed, uri, nonce, nc: parameters.get('nc') ?? nc, cnonce, response };
  }

  #denied(why: string, isStale = false): AuthOutcome {
    return { verdict: 'denied', why, challenges: this.#challenges(isStale) };
  }

  #challenges(isStale: boolean): string[] {
    const { algorithms, realm } = this.#options;
    return algorithms.map((algorithm) => {
      const stale = isStale ? ', stale=true' : '';
      const nonce = this.#nonces.make();
      return `Digest realm="${realm}", qop="auth", algorithm=${algorithm}, nonce="${nonce}", charset=UTF-8, userhash=true${stale}`;
    });
  }

  #take(users: DigestUsers): void {
    const { algorithms, realm } = this.#options;
    this.#users = users;
    this.#byHash = new Map(
      [...users.keys()].flatMap((user) => algorithms.map((algorithm) => [digestOf(algorithm, user, realm), user])),
    );
  }
}

/** `username`, or `username*` in UTF-8 (RFC 8187). Undefined where there is none, or both. */
function userIn(parameters: ReadonlyMap<string, string>): string | undefined {
  const [plain, extended] = [parameters.get('username'), parameters.get('username*')];
  if (extended === undefined) return plain === undefined ? undefined : Buffer.from(plain, 'latin1').toString('utf8');
  const [, encoded] = /^utf-8'[^']*'(.*)$/i.exec(extended) ?? [];
  try {
    return plain === undefined && encoded !== undefined ? decodeURIComponent(encoded) : undefined;
  } catch {
    return undefined;
  }
}

/** Programs name a target of a proxy by its whole URL or, as curl does, by its path. */
function isFor(uri: string, { target }: AuthRequest): boolean {
  return uri === target || (/^[a-z]+:\/\//i.test(target) && uri === pathOf(target));
}

function pathOf(target: string): string {
  const path = target.replace(/^[a-z]+:\/\/[^/?#]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}

function isSameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
