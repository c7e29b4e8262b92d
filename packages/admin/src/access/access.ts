import type { AccessOptions } from '../base/options.ts';
import { AdminError } from '../base/problem.ts';
import { type NeededRole, type Role, suffices } from '../base/roles.ts';
import type { ProxyState } from '../base/state.ts';
import { FailedLogins } from './failed-logins.ts';
import { checkOrigins, type Origins } from './host-check.ts';
import type { Identity } from '../base/identity.ts';
import { Tokens } from './tokens.ts';

/** What access depends on in a request. */
export interface Asking extends Origins {
  /** Of the client; the same for all clients of a unix socket. */
  readonly address: string;
  readonly authorization: string | undefined;
}

/** Nobody in particular. */
const NOBODY = 'anonymous';

/** Decides who may ask for what. */
export class Access {
  readonly #log: ProxyState['log'];
  readonly #failed = new FailedLogins();
  #options: AccessOptions;
  #tokens: Tokens;

  constructor(options: AccessOptions, log: ProxyState['log']) {
    this.#log = log;
    this.#options = options;
    this.#tokens = new Tokens(options.tokens);
  }

  /** From now on other rules apply. */
  configure(options: AccessOptions): void {
    this.#options = options;
    this.#tokens = new Tokens(options.tokens);
  }

  /** Returns who asks. Throws an {@link AdminError} if they may not have what needs the role. */
  async admit(asking: Asking, needed: NeededRole): Promise<Identity | undefined> {
    checkOrigins(asking, this.#options.hosts);
    if (needed === 'none') return undefined;
    const identity = await this.#identify(asking);
    if (identity === undefined) throw unauthorized('Send a token: "Authorization: Bearer …".');
    if (suffices(identity.role, needed)) return identity;
    throw forbidden(identity, needed);
  }

  /** The realm and what is wrong, for `WWW-Authenticate`. */
  async #identify({ authorization, address }: Asking): Promise<Identity | undefined> {
    const { anonymous } = this.#options;
    if (authorization === undefined) return anonymous && { name: NOBODY, role: anonymous };
    const [, token] = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization) ?? [];
    const identity = token === undefined ? undefined : this.#tokens.find(token);
    if (identity !== undefined) return identity;
    const wait = this.#failed.waitOf(address);
    if (wait > 0) throw tooMany(wait);
    this.#failed.add(address);
    this.#log('warn', { client: address }, 'a login at the admin address failed');
    throw unauthorized('The token is not known.');
  }
}

function unauthorized(detail: string): AdminError {
  return new AdminError({ status: 401, title: 'This needs a token', detail, setting: 'admin.tokens' });
}

function tooMany(wait: number): AdminError {
  const seconds = Math.ceil(wait / 1_000);
  return new AdminError({ status: 429, title: 'Too many failed logins', detail: `Try again in ${seconds} s.` });
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
