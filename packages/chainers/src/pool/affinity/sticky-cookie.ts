import { createHmac } from 'node:crypto';
import type { AnswerField, Session } from '@inband/core';
import { firstIn } from './cookie-values.ts';

export type SameSite = 'lax' | 'strict' | 'none';

/** The first signs, and all are accepted. */
export type StickySecrets = readonly [string, ...string[]];

export interface StickyOptions {
  /** The name of the cookie. */
  readonly cookie: string;
  /** Instances with the same one accept each other's cookies. Default: the key of the program. */
  readonly secret?: StickySecrets | undefined;
  readonly sameSite?: SameSite | undefined;
  /** Whether clients are to send it over TLS only. Default: those that speak TLS with this proxy, and all with `sameSite: none`. */
  readonly secure?: boolean | undefined;
}

/** A server that cookies name. */
export interface Named {
  readonly id: string;
}

/** What is signed begins with it, because the key may be for other things, too. */
const PURPOSE = 'inband sticky cookie 1';
/** Characters of base64url: 132 bits of the signature, which nobody guesses. */
const LENGTH = 22;

const SAME_SITE: Readonly<Record<SameSite, string>> = { lax: 'Lax', strict: 'Strict', none: 'None' };

/**
 * A cookie that brings a client back to its server. Its value is the first part of an HMAC-SHA256 of the server's id: it names the server, says
 * nothing of its address, and cannot be made without the key. So a value is looked up, and nothing is computed for a request. It is
 * the same in each process that has the key and the server, also after a restart.
 */
export class StickyCookie<Server extends Named> {
  readonly name: string;
  readonly #options: StickyOptions;
  readonly #ownKey: () => Uint8Array;
  /** The keys that `#values` were made with. */
  #keys: readonly (string | Uint8Array)[] = [];
  /** By id, the values of each key. */
  readonly #values = new Map<string, readonly string[]>();
  #servers: readonly Server[] = [];
  /** Undefined until somebody asks, because a configuration that is only checked has no sessions. */
  #byValue: ReadonlyMap<string, Server> | undefined = undefined;

  /** `ownKey`: the key of the program, for options without a secret. It may be another one later. */
  constructor(options: StickyOptions, ownKey: () => Uint8Array) {
    this.name = options.cookie;
    this.#options = options;
    this.#ownKey = ownKey;
    if (options.secret !== undefined) this.#keys = options.secret;
  }

  /** The servers from now on. */
  update(servers: readonly Server[]): void {
    const ids = new Set(servers.map(({ id }) => id));
    for (const id of this.#values.keys()) if (!ids.has(id)) this.#values.delete(id);
    this.#servers = servers;
    this.#byValue = undefined;
  }

  /** The server that a cookie of a request names. Undefined without one, with none that is ours, and if the server is gone. */
  serverOf({ request }: Session): Server | undefined {
    return request && firstIn(request.fields('cookie'), this.name, this.#serverNamed);
  }

  readonly #serverNamed = (value: string): Server | undefined => this.#servedBy().get(value);

  /** Has the client come back to a server. */
  fieldFor({ id }: Server, { tls }: Session): AnswerField {
    this.#followOwnKey();
    const { sameSite = 'lax', secure = tls !== undefined || sameSite === 'none' } = this.#options;
    const [value = ''] = this.#valuesOf(id);
    const cookie = `${this.name}=${value}; Path=/; HttpOnly; SameSite=${SAME_SITE[sameSite]}`;
    return ['Set-Cookie', secure ? `${cookie}; Secure` : cookie];
  }

  #servedBy(): ReadonlyMap<string, Server> {
    this.#followOwnKey();
    if (this.#byValue !== undefined) return this.#byValue;
    const byValue = new Map<string, Server>();
    for (const server of this.#servers) for (const value of this.#valuesOf(server.id)) byValue.set(value, server);
    this.#byValue = byValue;
    return byValue;
  }

  #followOwnKey(): void {
    if (this.#options.secret !== undefined) return;
    const key = this.#ownKey();
    if (this.#keys[0] === key) return;
    this.#keys = [key];
    this.#values.clear();
    this.#byValue = undefined;
  }

  #valuesOf(id: string): readonly string[] {
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    const values = this.#sign(id);
    this.#values.set(id, values);
    return values;
  }

  /** The name is signed, too, so that the value of one pool says nothing about that of another one with the same servers. */
  #sign(id: string): readonly string[] {
    const signed = `${PURPOSE}\0${this.name}\0${id}`;
    return this.#keys.map((key) => createHmac('sha256', key).update(signed).digest('base64url').slice(0, LENGTH));
  }
}
