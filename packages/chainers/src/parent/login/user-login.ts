import type { ProxyError, RequestForm } from '@inband/core';
import { parseChallenges } from './challenges.ts';
import { DigestLogin } from './digest-login.ts';
import { digestAmong } from './digest-response.ts';
import { FixedLogin } from './fixed-login.ts';

/** A user at one parent: by Basic at once, and by Digest from then on if the parent takes that and not Basic. */
export class UserLogin implements RequestForm {
  readonly id: string;
  readonly #user: string;
  readonly #password: string;
  #login: RequestForm;

  constructor(user: string, password: string) {
    this.#user = user;
    this.#password = password;
    this.#login = FixedLogin.basic(user, password);
    this.id = this.#login.id;
  }

  get signsUrl(): boolean {
    return this.#login.signsUrl;
  }

  credentials(session: object, method: string, url: string): string | undefined {
    return this.#login.credentials(session, method, url);
  }

  challenged(session: object, values: readonly string[]): ProxyError | undefined {
    const challenges = parseChallenges(values);
    const takesBasic = challenges.some(({ scheme }) => scheme === 'basic');
    if (this.#login instanceof FixedLogin && !takesBasic && digestAmong(challenges) !== undefined) {
      this.#login = new DigestLogin(this.#user, this.#password);
    }
    return this.#login.challenged(session, values);
  }
}
