import { hash } from 'node:crypto';
import type { ProxyError, RequestForm } from '@inband/core';
import { parseChallenges } from './challenges.ts';
import { digestAmong, type DigestChallenge, digestResponse } from './digest-response.ts';
import { wrongLogin } from './http-login.ts';

/** Challenges that are answered in one session. The second is for a nonce that became stale before it was used. */
const MOST_ANSWERS = 2;

/** What a session knows of the login. */
interface Tried {
  /** The nonce that it used last. */
  readonly nonce: string | undefined;
  readonly answers: number;
}

/**
 * Digest (RFC 7616) at one parent. Nothing is said before the parent has asked; from then on each request is signed at once, with the same nonce
 * until that is stale.
 */
export class DigestLogin implements RequestForm {
  readonly id: string;
  readonly signsUrl = true;
  readonly #user: string;
  readonly #password: string;
  readonly #tried = new WeakMap<object, Tried>();
  #challenge: DigestChallenge | undefined = undefined;
  /** Uses of its nonce. */
  #count = 0;

  constructor(user: string, password: string) {
    this.#user = user;
    this.#password = password;
    this.id = `parent digest ${hash('sha256', JSON.stringify([user, password])).slice(0, 24)}`;
  }

  credentials(session: object, method: string, uri: string): string | undefined {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    this.#count += 1;
    this.#tried.set(session, { nonce: challenge.nonce, answers: this.#tried.get(session)?.answers ?? 0 });
    return digestResponse(challenge, { user: this.#user, password: this.#password, method, uri, count: this.#count });
  }

  challenged(session: object, values: readonly string[]): ProxyError | undefined {
    const challenges = parseChallenges(values);
    const challenge = digestAmong(challenges);
    const { nonce, answers } = this.#tried.get(session) ?? { nonce: undefined, answers: 0 };
    const isWrong = nonce !== undefined && challenge?.isStale !== true;
    if (challenge === undefined || isWrong || answers >= MOST_ANSWERS) {
      return wrongLogin(challenges.map(({ scheme }) => scheme));
    }
    this.#tried.set(session, { nonce, answers: answers + 1 });
    // Another session may have got a newer one in the meantime.
    if (this.#challenge === undefined || this.#challenge.nonce === nonce) {
      this.#challenge = challenge;
      this.#count = 0;
    }
    return undefined;
  }
}
