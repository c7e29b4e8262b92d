import type { SockAddr } from '../base/address.ts';
import { LimitError } from '../base/errors.ts';
import { ClientNetworks } from './client-networks.ts';
import type { Rate, Taken } from './rates/gcra.ts';
import type { LimitOptions, ScopeLimits } from './limit-options.ts';

/** For whom a limit is. */
export type LimitScope = 'service' | 'perClient' | 'perUser';

/** What is limited: a key of the configuration. */
export type Limited = 'requests' | 'newConnections' | 'connections' | 'tunnels';

/** Who wants something. */
export interface LimitedParty {
  /** Undefined where no limit of a client holds. */
  readonly client: SockAddr | undefined;
  readonly user: string | undefined;
}

/** Seconds for `Retry-After`: there is room as soon as one of those at present ends. */
const ANY_TIME = 1;

/** Whom the limits of one service are for: what they may have, the keys by which they are counted, and what they are told. */
export class LimitScopes {
  readonly #place: string;
  readonly #networks: ClientNetworks;
  readonly #options: LimitOptions;

  /** `place`: that of the limits in the configuration, such as `services.web.limits`. */
  constructor(place: string, options: LimitOptions) {
    this.#place = place;
    this.#networks = new ClientNetworks(options);
    this.#options = options;
  }

  limitsOf(scope: LimitScope): ScopeLimits {
    return scope === 'service' ? this.#options : this.#options[scope];
  }

  /** Undefined where the limit does not hold: there is no user, or the client has no address. */
  keyOf(scope: LimitScope, { client, user }: LimitedParty): string | undefined {
    switch (scope) {
      case 'perClient':
        return client && this.#networks.networkOf(client);
      case 'perUser':
        return user;
      case 'service':
        return '';
    }
  }

  /** The error of whoever comes too often. */
  tooOften(
    scope: LimitScope,
    what: Limited,
    key: string,
    rate: Rate,
    { retryAfter: wait, remaining }: Taken,
  ): LimitError {
    const setting = this.#settingOf(scope, what);
    const retryAfter = Math.max(1, Math.ceil(wait / 1_000));
    // Whoever comes has not come too often, but all together have.
    if (scope === 'service') {
      const message = 'The proxy has taken as much of this service as it may in this time.';
      return new LimitError('connection_limit_reached', message, { setting, retryAfter });
    }
    const name = scope === 'perUser' ? 'user' : 'client';
    const window = Math.max(1, Math.ceil((rate.burst * rate.per) / rate.amount / 1_000));
    const policy = { name, quota: rate.burst, window, remaining };
    const message = `${whoIs(scope, key)} has asked for as much as one ${name} may in this time.`;
    return new LimitError('http_request_denied', message, { status: 429, setting, retryAfter, policy });
  }

  /** The error of whoever has too many of something at one time. */
  tooMany(scope: LimitScope, what: Limited, key: string, most: number): LimitError {
    const of = scope === 'service' ? 'The service' : whoIs(scope, key);
    return new LimitError('connection_limit_reached', `${of} has ${most} ${what}, as many as it may at one time.`, {
      setting: this.#settingOf(scope, what),
      fault: scope === 'service' ? 'proxy' : 'client',
      retryAfter: ANY_TIME,
    });
  }

  #settingOf(scope: LimitScope, what: Limited): string {
    return scope === 'service' ? `${this.#place}.${what}` : `${this.#place}.${scope}.${what}`;
  }
}

/** Names of users are not for answers, which somebody else may see. */
function whoIs(scope: LimitScope, key: string): string {
  return scope === 'perUser' ? 'This user' : key;
}
