import { AcmeError } from '../base/acme-error.ts';
import type { Clock } from '../base/clock.ts';
import { Account, type AccountStore, type AcmeClientOptions, locationOf } from './account.ts';
import type { AccountKey } from './account-key.ts';
import type { Answer, Ask } from './ask.ts';
import { errorOf, isSuccess } from './problems.ts';
import { retryAfter } from './retry-after.ts';
import {
  type Authorization,
  authorizationSchema,
  type Directory,
  directorySchema,
  type Order,
  orderSchema,
  parseAnswer,
  renewalInfoSchema,
} from './schemas.ts';
import { type SignedRequest, SignedRequests } from './signed-requests.ts';

/** Milliseconds after which the directory is read again. */
const DIRECTORY_AGE = 3_600_000;

/** What is ordered. */
export interface OrderRequest {
  readonly hosts: readonly string[];
  readonly profile?: string | undefined;
  /** The certificate that the new one takes the place of (RFC 9773 section 5). */
  readonly replaces?: string | undefined;
}

/** A resource as the CA has it now, and when it wants to be asked again. */
export interface Polled<Value> {
  readonly value: Value;
  readonly retryAt: number | undefined;
}

/** When the CA would like a certificate to be renewed. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
  /** A page for people, where there is a reason. */
  readonly explanation: string | undefined;
}

/** Asks one CA as one account (RFC 8555). Every method rejects with an `AcmeError`. */
export class AcmeClient {
  readonly #url: string;
  readonly #ask: Ask;
  readonly #key: AccountKey;
  readonly #account: Account;
  readonly #requests: SignedRequests;
  readonly #clock: Clock;
  #directory: { readonly value: Directory; readonly readAt: number } | undefined = undefined;

  constructor(options: AcmeClientOptions, ask: Ask, key: AccountKey, store: AccountStore, clock: Clock) {
    this.#url = options.directory;
    this.#ask = ask;
    this.#key = key;
    this.#clock = clock;
    this.#requests = new SignedRequests(ask, key, clock);
    this.#account = new Account(options, key, store, this.#requests);
  }

  keyAuthorization(token: string): string {
    return this.#key.keyAuthorization(token);
  }

  /** What the CA offers. */
  async directory(signal: AbortSignal): Promise<Directory> {
    const now = this.#clock.now();
    if (this.#directory !== undefined && now - this.#directory.readAt < DIRECTORY_AGE) return this.#directory.value;
    const answer = await this.#ask({ method: 'GET', url: this.#url, signal });
    if (!isSuccess(answer)) throw errorOf(answer, 'its directory', now);
    const value = parseAnswer(answer, directorySchema, 'directory');
    this.#directory = { value, readAt: now };
    return value;
  }

  /** Places an order. Resolves with its URL. */
  async newOrder(request: OrderRequest, signal: AbortSignal): Promise<{ readonly url: string; readonly order: Order }> {
    const directory = await this.directory(signal);
    const { profile } = request;
    const offered = Object.keys(directory.meta?.profiles ?? {});
    if (profile !== undefined && !offered.includes(profile)) throw unknownProfile(profile, offered);
    const payload = {
      identifiers: request.hosts.map((value) => ({ type: 'dns', value })),
      ...(profile === undefined ? {} : { profile }),
      ...(request.replaces === undefined || directory.renewalInfo === undefined ? {} : { replaces: request.replaces }),
    };
    const answer = await this.#post({ url: directory.newOrder, payload, what: 'an order' }, signal);
    const order = parseAnswer(answer, orderSchema, 'order');
    return { url: locationOf(answer, 'order'), order };
  }

  async order(url: string, signal: AbortSignal): Promise<Polled<Order>> {
    return this.#polled(await this.#post({ url, payload: undefined, what: 'an order' }, signal), orderSchema, 'order');
  }

  async authorization(url: string, signal: AbortSignal): Promise<Polled<Authorization>> {
    const answer = await this.#post({ url, payload: undefined, what: 'an authorization' }, signal);
    return this.#polled(answer, authorizationSchema, 'authorization');
  }

  /** Says that a challenge can be looked at (RFC 8555 section 7.5.1). */
  async startChallenge(url: string, signal: AbortSignal): Promise<void> {
    await this.#post({ url, payload: {}, what: 'a challenge' }, signal);
  }

  /** Sends the certificate request (RFC 8555 section 7.4), as DER. */
  async finalize(url: string, request: Buffer, signal: AbortSignal): Promise<Polled<Order>> {
    const payload = { csr: request.toString('base64url') };
    return this.#polled(
      await this.#post({ url, payload, what: 'a certificate request' }, signal),
      orderSchema,
      'order',
    );
  }

  /** The chain, as PEM (RFC 8555 section 7.4.2). */
  async certificate(url: string, signal: AbortSignal): Promise<string> {
    return (await this.#post({ url, payload: undefined, what: 'a certificate' }, signal)).text;
  }

  /** When to renew (RFC 9773), or undefined if the CA does not say. The question is not signed. */
  async renewalWindow(renewalId: string, signal: AbortSignal): Promise<Polled<RenewalWindow> | undefined> {
    const { renewalInfo } = await this.directory(signal);
    if (renewalInfo === undefined) return undefined;
    const answer = await this.#ask({ method: 'GET', url: `${renewalInfo.replace(/\/$/u, '')}/${renewalId}`, signal });
    if (!isSuccess(answer)) throw errorOf(answer, 'renewal information', this.#clock.now());
    const { value, retryAt } = this.#polled(answer, renewalInfoSchema, 'renewal information');
    const { start, end } = value.suggestedWindow;
    return { value: { start: Date.parse(start), end: Date.parse(end), explanation: value.explanationURL }, retryAt };
  }

  #polled<Schema extends Parameters<typeof parseAnswer>[1]>(answer: Answer, schema: Schema, what: string) {
    const retryAt = retryAfter(answer.field('retry-after'), this.#clock.now());
    return { value: parseAnswer(answer, schema, what), retryAt };
  }

  async #post(request: Omit<SignedRequest, 'account'>, signal: AbortSignal): Promise<Answer> {
    const { newNonce } = await this.directory(signal);
    const account = await this.#account.url(await this.directory(signal), signal);
    try {
      return await this.#requests.send({ ...request, account }, newNonce, signal);
    } catch (error) {
      this.#directory = undefined;
      // A CA that was set up anew does not know its customers. The next request signs up again.
      if (error instanceof AcmeError && error.problem === 'accountDoesNotExist') await this.#account.forget();
      throw error;
    }
  }
}

function unknownProfile(profile: string, offered: readonly string[]): AcmeError {
  const choice = offered.length === 0 ? 'none' : offered.join(', ');
  return new AcmeError('setting', `acme.profile: the CA has no profile "${profile}". It offers: ${choice}.`);
}
