import { AcmeError } from '../base/acme-error.ts';
import type { Clock } from '../base/clock.ts';
import type { AccountKey } from './account-key.ts';
import type { Answer, Ask } from './ask.ts';
import { errorOf, isSuccess } from './problems.ts';

/** How often a request is sent again because its nonce was not good (RFC 8555 section 6.5). */
const MOST_NONCES = 10;
/** Nonces that are kept. Old ones are more likely to be refused than a new one is to cost time. */
const KEPT = 8;

/** What is signed, and where it goes. */
export interface SignedRequest {
  readonly url: string;
  /** Undefined to only read. */
  readonly payload: object | undefined;
  readonly account: string | undefined;
  /** For errors, e.g. `an order`. */
  readonly what: string;
}

/** Sends signed requests, each with a nonce of the CA. */
export class SignedRequests {
  readonly #ask: Ask;
  readonly #key: AccountKey;
  readonly #clock: Clock;
  #nonces: string[] = [];

  constructor(ask: Ask, key: AccountKey, clock: Clock) {
    this.#ask = ask;
    this.#key = key;
    this.#clock = clock;
  }

  /** Resolves with an answer of success. Rejects with an `AcmeError` otherwise. */
  async send(request: SignedRequest, newNonce: string, signal: AbortSignal): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const nonce = this.#nonces.pop() ?? (await this.#newNonce(newNonce, signal));
      const body = await this.#key.sign(request.url, nonce, request.account, request.payload);
      const answer = await this.#ask({ method: 'POST', url: request.url, body, signal });
      this.#keep(answer);
      if (isSuccess(answer)) return answer;
      const error = errorOf(answer, request.what, this.#clock.now());
      if (error.problem !== 'badNonce' || attempt === MOST_NONCES) throw error;
    }
  }

  async #newNonce(url: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#ask({ method: 'HEAD', url, signal });
    const nonce = nonceOf(answer);
    if (nonce !== undefined) return nonce;
    if (!isSuccess(answer)) throw errorOf(answer, 'a nonce', this.#clock.now());
    throw new AcmeError('unexpected', 'The CA gives no nonce.');
  }

  #keep(answer: Answer): void {
    const nonce = nonceOf(answer);
    if (nonce !== undefined) this.#nonces = [...this.#nonces, nonce].slice(-KEPT);
  }
}

function nonceOf(answer: Answer): string | undefined {
  const nonce = answer.field('replay-nonce');
  return nonce !== undefined && /^[\w-]{1,512}$/u.test(nonce) ? nonce : undefined;
}
