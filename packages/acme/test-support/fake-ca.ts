// oxlint-disable typescript/no-unsafe-type-assertion -- what the client sends is what is tested
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, flattenedVerify, type FlattenedJWS, importJWK, type JWK } from 'jose';
import { closedError } from '../src/base/acme-error.ts';
import type { Clock } from '../src/base/clock.ts';
import type { Answer, Ask, Question } from '../src/client/ask.ts';
import { signRequest } from './fake-ca-certificate.ts';
import { NAMESPACE, problem, problemOf } from './fake-ca-problem.ts';
import { type Authorization, type Order, type PlainAnswer, usualBehaviour } from './fake-ca-state.ts';

export const BASE = 'https://ca.test';

/** A CA in memory: checks signatures, nonces and URLs as RFC 8555 wants it, and signs certificates. */
export class FakeCa {
  readonly behaviour = usualBehaviour();
  /** Every request, e.g. `POST /order`. */
  readonly requests: string[] = [];
  readonly accounts = new Map<string, { jwk: JWK; contact: unknown; binding: unknown }>();
  readonly orders: Order[] = [];
  readonly #authorizations: Authorization[] = [];
  readonly #nonces = new Set<string>();
  readonly #clock: Clock;
  readonly #key: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly ask: Ask = async (question) => {
    if (question.signal.aborted) throw closedError();
    const { pathname } = new URL(question.url);
    this.requests.push(`${question.method} ${pathname}`);
    const given = this.behaviour.intercept(question);
    const { status = 200, fields = {}, body = {} } = given ?? (await this.#answer(question, pathname).catch(problemOf));
    const nonce = randomBytes(12).toString('base64url');
    this.#nonces.add(nonce);
    const all: Record<string, string> = { 'replay-nonce': nonce, ...fields };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return { status, field: (name) => all[name], text } satisfies Answer;
  };

  /** Requests of one kind. */
  count(request: string): number {
    return this.requests.filter((each) => each === request || each.startsWith(`${request}/`)).length;
  }

  async #answer(question: Question, path: string): Promise<Partial<PlainAnswer>> {
    if (path === '/directory') return { body: this.#directory() };
    if (path === '/nonce') return {};
    if (path.startsWith('/renewal/')) return this.#renewal();
    const { payload, account, jwk } = await this.#verify(question);
    if (path === '/account') return await this.#account(payload as Record<string, unknown>, jwk);
    if (account === undefined) throw problem('unauthorized', 'an account is needed');
    if (path === '/order') return this.#newOrder(payload as Record<string, unknown>);
    const [, kind = '', number = ''] = path.split('/');
    if (kind === 'account') return this.#changeAccount(question.url, payload as Record<string, unknown>);
    const index = Number(number);
    if (kind === 'order') return this.#order(index);
    if (kind === 'authorization') return this.#authorization(index);
    if (kind === 'challenge') return this.#challenge(index, account);
    if (kind === 'finalize') return this.#finalize(index, payload as { csr: string });
    if (kind === 'certificate') return { body: this.orders[index]?.certificate ?? '' };
    throw problem('malformed', `there is no ${path}`, 404);
  }

  #directory(): object {
    const { window, externalAccountRequired, profiles } = this.behaviour;
    return {
      newNonce: `${BASE}/nonce`,
      newAccount: `${BASE}/account`,
      newOrder: `${BASE}/order`,
      revokeCert: `${BASE}/revoke`,
      ...(window === undefined ? {} : { renewalInfo: `${BASE}/renewal` }),
      meta: {
        termsOfService: `${BASE}/terms`,
        externalAccountRequired,
        ...(profiles === undefined ? {} : { profiles }),
      },
    };
  }

  #renewal(): Partial<PlainAnswer> {
    const { start = '', end = '', ...more } = this.behaviour.window ?? {};
    return { fields: { 'retry-after': '21600' }, body: { suggestedWindow: { start, end }, ...more } };
  }

  async #verify({ body, url }: Question) {
    const jws = JSON.parse(body ?? '') as FlattenedJWS;
    const header = JSON.parse(Buffer.from(jws.protected ?? '', 'base64url').toString()) as {
      nonce: string;
      url: string;
      kid?: string;
      jwk?: JWK;
    };
    if (!this.#nonces.delete(header.nonce) || this.behaviour.badNonces-- > 0) throw problem('badNonce', 'not this one');
    if (header.url !== url) throw problem('unauthorized', 'the URL is another one');
    const account = header.kid === undefined ? undefined : this.accounts.get(header.kid);
    if (header.kid !== undefined && account === undefined) throw problem('accountDoesNotExist', 'who are you?');
    const jwk = header.jwk ?? account?.jwk ?? {};
    const verified = await flattenedVerify(jws, await importJWK(jwk, 'ES256'));
    const text = Buffer.from(verified.payload).toString();
    return { payload: text === '' ? undefined : (JSON.parse(text) as unknown), account, jwk };
  }

  async #account(payload: Record<string, unknown>, jwk: JWK): Promise<Partial<PlainAnswer>> {
    if (payload.termsOfServiceAgreed !== true) throw problem('userActionRequired', 'agree');
    if (this.behaviour.externalAccountRequired && payload.externalAccountBinding === undefined)
      throw problem('externalAccountRequired', 'bind it');
    const url = `${BASE}/account/${(await calculateJwkThumbprint(jwk)).slice(0, 8)}`;
    const status = this.accounts.has(url) ? 200 : 201;
    this.accounts.set(url, { jwk, contact: payload.contact, binding: payload.externalAccountBinding });
    return { status, fields: { location: url }, body: { status: 'valid' } };
  }

  #changeAccount(url: string, { contact }: Record<string, unknown>): Partial<PlainAnswer> {
    const account = this.accounts.get(url);
    if (account !== undefined) account.contact = contact;
    return { body: { status: 'valid' } };
  }

  #newOrder(payload: Record<string, unknown>): Partial<PlainAnswer> {
    const hosts = (payload.identifiers as { value: string }[]).map(({ value }) => value);
    const authorizations = hosts.map((name) => {
      const wildcard = name.startsWith('*.');
      const host = wildcard ? name.slice(2) : name;
      const token = randomBytes(12).toString('base64url');
      return this.#authorizations.push({ host, token, wildcard, status: 'pending', looks: 0 }) - 1;
    });
    const index = this.orders.push({ hosts, authorizations, payload, status: 'pending', looks: 0 }) - 1;
    return { status: 201, fields: { location: `${BASE}/order/${String(index)}` }, body: this.#bodyOf(index) };
  }

  #order(index: number): Partial<PlainAnswer> {
    const order = this.orders[index];
    if (order === undefined) throw problem('malformed', 'no such order', 404);
    const statuses = order.authorizations.map((each) => this.#authorizations[each]?.status);
    if (order.status === 'pending' && statuses.every((status) => status === 'valid')) order.status = 'ready';
    if (statuses.includes('invalid')) order.status = 'invalid';
    if (order.status === 'processing' && order.looks-- <= 0) order.status = 'valid';
    return { fields: this.#retryAfter(), body: this.#bodyOf(index) };
  }

  #bodyOf(index: number): object {
    const order = this.orders[index];
    if (order === undefined) throw problem('malformed', 'no such order', 404);
    const { status, authorizations, hosts } = order;
    return {
      status,
      identifiers: hosts.map((value) => ({ type: 'dns', value })),
      authorizations: authorizations.map((each) => `${BASE}/authorization/${String(each)}`),
      finalize: `${BASE}/finalize/${String(index)}`,
      ...(status === 'valid' ? { certificate: `${BASE}/certificate/${String(index)}` } : {}),
    };
  }

  #retryAfter(): Record<string, string> {
    const { retryAfter } = this.behaviour;
    return retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  }

  #authorization(index: number): Partial<PlainAnswer> {
    const found = this.#authorizations[index];
    if (found === undefined) throw problem('malformed', 'no such authorization', 404);
    const status = found.looks-- > 0 ? 'pending' : found.status;
    const error = { type: `${NAMESPACE}unauthorized`, detail: 'the answer is another one' };
    return {
      fields: this.#retryAfter(),
      body: {
        status,
        identifier: { type: 'dns', value: found.host },
        ...(found.wildcard ? { wildcard: true } : {}),
        challenges: this.behaviour.challenges
          .filter((type) => !found.wildcard || type === 'dns-01')
          .map((type) => ({
            type,
            url: `${BASE}/challenge/${String(index)}`,
            status,
            token: found.token,
            ...(status === 'invalid' ? { error } : {}),
          })),
      },
    };
  }

  async #challenge(index: number, { jwk }: { jwk: JWK }): Promise<Partial<PlainAnswer>> {
    const found = this.#authorizations[index];
    if (found === undefined) throw problem('malformed', 'no such challenge', 404);
    const expected = `${found.token}.${await calculateJwkThumbprint(jwk)}`;
    found.status = this.behaviour.validate(found.host, found.token) === expected ? 'valid' : 'invalid';
    found.looks = this.behaviour.looks;
    return { body: { type: 'x', status: 'processing', url: `${BASE}/challenge/${String(index)}` } };
  }

  #finalize(index: number, { csr }: { csr: string }): Partial<PlainAnswer> {
    const order = this.orders[index];
    if (order?.status !== 'ready') throw problem('orderNotReady', 'not yet');
    order.certificate = signRequest(order.hosts, Buffer.from(csr, 'base64url'), {
      key: this.#key,
      now: this.#clock.now(),
      lifetime: this.behaviour.lifetime,
    });
    order.status = this.behaviour.looks === 0 ? 'valid' : 'processing';
    order.looks = this.behaviour.looks;
    return { fields: this.#retryAfter(), body: this.#bodyOf(index) };
  }
}
