import { AcmeError } from '../base/acme-error.ts';
import type { AccountKey, ExternalAccount } from './account-key.ts';
import type { Answer } from './ask.ts';
import { accountSchema, type Directory, parseAnswer } from './schemas.ts';
import type { SignedRequests } from './signed-requests.ts';

/** The CA that certificates are ordered from, and the account. */
export interface AcmeClientOptions {
  /** The URL of the CA's directory. */
  readonly directory: string;
  /** Where the CA may send warnings. */
  readonly email?: string | undefined;
  readonly externalAccount?: ExternalAccount | undefined;
}

/** Where the account is kept. */
export interface AccountStore {
  /** Its URL, or undefined as long as there is none. */
  readonly url: string | undefined;
  /** The address that the CA has. */
  readonly email: string | undefined;
  save(url: string | undefined, email: string | undefined): Promise<void>;
}

/** The account at the CA: made with the first request, changed when the address is another one. */
export class Account {
  readonly #options: AcmeClientOptions;
  readonly #key: AccountKey;
  readonly #store: AccountStore;
  readonly #requests: SignedRequests;
  /** Two orders at a time must not make two accounts. */
  #pending: Promise<string> | undefined = undefined;

  constructor(options: AcmeClientOptions, key: AccountKey, store: AccountStore, requests: SignedRequests) {
    this.#options = options;
    this.#key = key;
    this.#store = store;
    this.#requests = requests;
  }

  /** Its URL. */
  url(directory: Directory, signal: AbortSignal): Promise<string> {
    this.#pending ??= this.#signIn(directory, signal).catch((error: unknown) => {
      this.#pending = undefined;
      throw error;
    });
    return this.#pending;
  }

  /** The CA does not know it any more. */
  async forget(): Promise<void> {
    this.#pending = undefined;
    await this.#store.save(undefined, undefined);
  }

  async #signIn(directory: Directory, signal: AbortSignal): Promise<string> {
    const { url, email } = this.#store;
    if (url === undefined) return await this.#signUp(directory, signal);
    if (email !== this.#options.email) await this.#changeEmail(url, directory, signal);
    return url;
  }

  /** RFC 8555 section 7.3. A CA that knows the key answers with the account that is there. */
  async #signUp(directory: Directory, signal: AbortSignal): Promise<string> {
    const { newAccount: url, newNonce, meta } = directory;
    const { externalAccount } = this.#options;
    if (externalAccount === undefined && meta?.externalAccountRequired === true) {
      throw new AcmeError('setting', 'acme.eab: the CA has accounts only for its customers, so it has to be set.');
    }
    const payload = {
      termsOfServiceAgreed: true,
      contact: this.#contact(),
      ...(externalAccount === undefined ? {} : { externalAccountBinding: await this.#key.bind(url, externalAccount) }),
    };
    const request = { url, payload, account: undefined, what: 'an account' };
    const answer = await this.#requests.send(request, newNonce, signal);
    const account = locationOf(answer, 'account');
    requireValid(answer);
    await this.#store.save(account, this.#options.email);
    return account;
  }

  /** RFC 8555 section 7.3.2. */
  async #changeEmail(url: string, { newNonce }: Directory, signal: AbortSignal): Promise<void> {
    const request = { url, payload: { contact: this.#contact() }, account: url, what: 'a change of the account' };
    try {
      requireValid(await this.#requests.send(request, newNonce, signal));
    } catch (error) {
      if (error instanceof AcmeError && error.problem === 'accountDoesNotExist') await this.forget();
      throw error;
    }
    await this.#store.save(url, this.#options.email);
  }

  #contact(): string[] {
    const { email } = this.#options;
    return email === undefined ? [] : [`mailto:${email}`];
  }
}

function requireValid(answer: Answer): void {
  const { status } = parseAnswer(answer, accountSchema, 'account');
  if (status !== 'valid') throw new AcmeError('refused', `The account at the CA is ${status}.`);
}

/** The URL of what was made. */
export function locationOf(answer: Answer, what: string): string {
  const location = answer.field('location');
  if (location === undefined || !URL.canParse(location) || new URL(location).protocol !== 'https:') {
    throw new AcmeError('unexpected', `The CA does not say where the ${what} is.`);
  }
  return location;
}
