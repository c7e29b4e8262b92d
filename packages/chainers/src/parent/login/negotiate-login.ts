import { type Logger, ProxyError, RateLimitedLine, type RequestForm } from '@inband/core';
import { parseChallenges } from './challenges.ts';
import { wrongLogin } from './http-login.ts';

const NO_TICKET = 'Kerberos gives no ticket for a parent proxy';

/** What is used of the npm package `kerberos`. */
export interface Kerberos {
  readonly GSS_MECH_OID_SPNEGO: number;
  initializeClient(service: string, options: KerberosOptions): Promise<KerberosClient>;
}

export interface KerberosOptions {
  readonly mechOID: number;
  readonly principal?: string;
}

export interface KerberosClient {
  /** Takes what the other side says, in base64, and returns the answer. */
  step(challenge: string): Promise<string>;
}

/** Throws an Error if `module` is none. */
export function kerberosOf(module: unknown): Kerberos {
  const found: unknown = hasDefault(module) ? module.default : module;
  if (isKerberos(found)) return found;
  throw new Error('the package "kerberos" has no initializeClient');
}

function hasDefault(module: unknown): module is { readonly default: unknown } {
  return typeof module === 'object' && module !== null && 'default' in module && !isKerberos(module);
}

function isKerberos(module: unknown): module is Kerberos {
  return typeof module === 'object' && module !== null && 'initializeClient' in module;
}

/**
 * Negotiate (RFC 4559) by Kerberos at one parent: with the tickets of this process, and a token for each request, said at once. Tokens are used
 * once, because parents remember them.
 */
export class NegotiateLogin implements RequestForm {
  readonly id: string;
  readonly signsUrl = false;
  readonly #kerberos: Kerberos;
  readonly #service: string;
  readonly #principal: string | undefined;
  readonly #tokens = new WeakMap<object, string>();
  readonly #noTicket: RateLimitedLine;

  /** `parent`: the name of the parent, by which its ticket is known. `principal`: whose tickets; by default those that there are. */
  constructor(kerberos: Kerberos, parent: string, principal: string | undefined, logger: Pick<Logger, 'warn'>) {
    this.#noTicket = new RateLimitedLine((fields) => logger.warn(fields, NO_TICKET));
    this.#kerberos = kerberos;
    this.#service = `HTTP@${parent}`;
    this.#principal = principal;
    this.id = `parent negotiate ${principal ?? ''}`;
  }

  async prepare(session: object): Promise<void> {
    const { GSS_MECH_OID_SPNEGO: mechOID } = this.#kerberos;
    const principal = this.#principal;
    const options = principal === undefined ? { mechOID } : { mechOID, principal };
    try {
      const client = await this.#kerberos.initializeClient(this.#service, options);
      this.#tokens.set(session, await client.step(''));
    } catch (cause) {
      throw this.#withoutTicket(cause);
    }
  }

  /** What the library says names principals and files of this system, so that it is for the log only. */
  #withoutTicket(cause: unknown): ProxyError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const setting = 'chainer.auth';
    this.#noTicket.log(() => ({ setting, service: this.#service, why: reason.replaceAll(/\s+/g, ' ') }));
    const message = 'The proxy has no Kerberos ticket for the parent proxy. Its log says why.';
    return new ProxyError('proxy_configuration_error', message, { status: 502, setting, cause });
  }

  credentials(session: object): string | undefined {
    const token = this.#tokens.get(session);
    this.#tokens.delete(session);
    return token === undefined ? undefined : `Negotiate ${token}`;
  }

  challenged(_session: object, challenges: readonly string[]): ProxyError {
    return wrongLogin(parseChallenges(challenges).map(({ scheme }) => scheme));
  }
}
