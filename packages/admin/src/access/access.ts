import type { Identity } from '../base/identity.ts';
import type { AccessOptions, OidcOptions } from '../base/options.ts';
import { AdminError } from '../base/problem.ts';
import { type NeededRole, type Role, suffices } from '../base/roles.ts';
import type { ProxyState } from '../base/state.ts';
import { FailedLogins } from './failed-logins.ts';
import { checkOrigins, type Origins } from './host-check.ts';
import type { OidcTokens } from './oidc.ts';
import { hashToken, REVOKED } from './token-hash.ts';
import { Tokens } from './tokens.ts';

/** What access depends on in a request. */
export interface Asking extends Origins {
  /** Of the client; the same for all clients of a unix socket. */
  readonly address: string;
  readonly authorization: string | undefined;
}

/** Nobody in particular. */
const NOBODY = 'anonymous';

/** What is asked of the proxy. */
export type AccessState = Pick<ProxyState, 'log' | 'ask'>;

/** What of a configuration decides. */
interface Rules {
  readonly options: AccessOptions;
  readonly tokens: Tokens;
  readonly oidc: Promise<OidcTokens> | undefined;
}

/** Decides who may ask for what. */
export class Access {
  readonly #state: AccessState;
  readonly #failed = new FailedLogins();
  readonly #listeners = new Set<() => void>();
  #rules: Rules;
  /** What tokens are called that are refused. */
  #revoked: ReadonlySet<string> = new Set();

  constructor(options: AccessOptions, state: AccessState) {
    this.#state = state;
    this.#rules = rulesOf(options);
  }

  /** From now on other rules apply. */
  configure(options: AccessOptions): void {
    const isSame = JSON.stringify(options) === JSON.stringify(this.#rules.options);
    this.#rules = rulesOf(options);
    if (!isSame) this.#changed();
  }

  /** From now on these tokens are refused, by their names, and no others. */
  revoke(names: readonly string[]): void {
    this.#revoked = new Set(names);
    this.#changed();
  }

  /** Has `listener` called when other rules apply. Returns what takes that back. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves with who asks. Rejects with an {@link AdminError} if they may not have what needs the role. */
  async admit(asking: Asking, needed: NeededRole): Promise<Identity | undefined> {
    // Monitors that speak HTTP/1.0 name no host. Browsers always do.
    const isMonitor = needed === 'none' && asking.host === undefined;
    if (!isMonitor) checkOrigins(asking, this.#rules.options.hosts);
    if (needed === 'none') return undefined;
    const identity = await this.#identify(asking);
    if (suffices(identity.role, needed)) return identity;
    throw forbidden(identity, needed);
  }

  async #identify({ authorization, address }: Asking): Promise<Identity> {
    const { options, tokens, oidc } = this.#rules;
    if (authorization === undefined) {
      if (options.anonymous !== undefined) return { name: NOBODY, role: options.anonymous };
      throw unauthorized('Send a token: "Authorization: Bearer …".');
    }
    const [, token = ''] = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization) ?? [];
    const isRevoked = this.#revoked.size > 0 && this.#revoked.has(hashToken(token));
    const known = isRevoked ? undefined : tokens.find(token);
    if (known !== undefined) return known;
    // A token that is known is never refused because of others, and one that is not costs little until here.
    const wait = this.#failed.waitOf(address);
    if (wait > 0) throw tooMany(wait);
    const found = isRevoked ? REVOKED : await this.#findSigned(token, oidc);
    if (typeof found !== 'string') return found;
    this.#fail(address);
    this.#state.log('warn', { client: address, detail: found }, 'a login at the admin address failed');
    throw unauthorized('The token is not known, or not valid any more.');
  }

  async #findSigned(token: string, oidc: Rules['oidc']): Promise<Identity | string> {
    if (oidc === undefined || !isJwt(token)) return 'it is none of admin.tokens';
    return (await oidc).find(token, (id) => this.#revoked.has(`jti:${id}`));
  }

  /** Here at once, and as many as at all members of a cluster when that is known. */
  #fail(address: string): void {
    this.#failed.add(address);
    this.#state.ask('wrong-login', { address }).then(
      ({ failures = 0 }) => this.#failed.learn(address, failures),
      () => undefined,
    );
  }
}

function rulesOf(options: AccessOptions): Rules {
  const { tokens, oidc } = options;
  return { options, tokens: new Tokens(tokens), oidc: oidc && loadOidc(oidc) };
}

/** It needs much, and most have none. */
async function loadOidc(options: OidcOptions): Promise<OidcTokens> {
  const { OidcTokens: Verifier } = await import('./oidc.ts');
  return new Verifier(options);
}

/** A signed one has three parts. */
function isJwt(token: string): boolean {
  return token.split('.').length === 3;
}

function unauthorized(detail: string): AdminError {
  return new AdminError({ status: 401, title: 'This needs a token', detail, setting: 'admin.tokens' });
}

function tooMany(wait: number): AdminError {
  const seconds = Math.ceil(wait / 1_000);
  const detail = `Try again in ${seconds} s.`;
  return new AdminError({ status: 429, title: 'Too many failed logins', detail }, seconds);
}

function forbidden({ name, role }: Identity, needed: Role): AdminError {
  const isNobody = name === NOBODY;
  return new AdminError({
    status: 403,
    title: 'This needs another role',
    detail: isNobody
      ? `The role ${needed} is needed; without a token it is ${role}. "inband admin token NAME --role ${needed}" makes one.`
      : `The role ${needed} is needed, and "${name}" has the role ${role}.`,
    setting: isNobody ? 'admin.anonymous' : 'admin.tokens',
  });
}
