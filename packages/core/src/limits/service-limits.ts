import { LimitError } from '../base/errors.ts';
import type { SockAddr } from '../base/address.ts';
import type { Buckets } from './buckets.ts';
import { ClientNetworks } from './client-networks.ts';
import type { Rate } from './gcra.ts';
import type { LimitOptions, ScopeLimits } from './limit-options.ts';
import type { LimitState } from './limit-states.ts';

/** For whom a limit is. */
export type LimitScope = 'service' | 'perClient' | 'perUser';

/** Whose request it is. */
export interface LimitedParty {
  readonly client: SockAddr;
  readonly user: string | undefined;
}

/** A limit of requests. */
interface RequestLimit {
  readonly scope: LimitScope;
  readonly rate: Rate;
  readonly buckets: Buckets;
}

/** The limits of one service, in one configuration. */
export class ServiceLimits {
  readonly #place: string;
  readonly #networks: ClientNetworks;
  /** The narrowest first, so that who is refused takes nothing from others. */
  readonly #requests: readonly RequestLimit[];

  /** `place`: that of the limits in the configuration, such as `services.web.limits`. */
  constructor(place: string, options: LimitOptions, state: LimitState) {
    this.#place = place;
    this.#networks = new ClientNetworks(options);
    const limitOf = (scope: LimitScope, { requests: rate }: ScopeLimits): readonly RequestLimit[] =>
      rate === undefined ? [] : [{ scope, rate, buckets: state.buckets(`${scope}.requests`, rate.per) }];
    this.#requests = [
      ...limitOf('perUser', options.perUser),
      ...limitOf('perClient', options.perClient),
      ...limitOf('service', options),
    ];
  }

  /** Whether any request can be refused. */
  get limitsRequests(): boolean {
    return this.#requests.length > 0;
  }

  /** One request more. Throws a {@link LimitError} if that is one too many; then it counts for none of the limits. */
  request(party: LimitedParty): void {
    const limits = this.#requests;
    for (let index = 0; index < limits.length; index += 1) {
      const { scope, rate, buckets } = limits[index]!;
      const key = this.#keyOf(scope, party);
      if (key === undefined) continue;
      const { allowed, retryAfter, remaining } = buckets.take(key, rate, 1);
      if (allowed) continue;
      this.#giveBack(party, index);
      throw this.#tooOften(scope, rate, key, retryAfter, remaining);
    }
  }

  #giveBack(party: LimitedParty, refusing: number): void {
    for (const { scope, rate, buckets } of this.#requests.slice(0, refusing)) {
      const key = this.#keyOf(scope, party);
      if (key !== undefined) buckets.giveBack(key, rate, 1);
    }
  }

  #keyOf(scope: LimitScope, { client, user }: LimitedParty): string | undefined {
    switch (scope) {
      case 'perClient':
        return this.#networks.networkOf(client);
      case 'perUser':
        return user;
      case 'service':
        return '';
    }
  }

  #tooOften(scope: LimitScope, rate: Rate, key: string, wait: number, remaining: number): LimitError {
    const setting = `${this.#place}.${scope === 'service' ? '' : `${scope}.`}requests`;
    const retryAfter = Math.max(1, Math.ceil(wait / 1_000));
    // Whoever asks has not asked too often, but all together have.
    if (scope === 'service') {
      const message = 'The proxy has as many requests for this service as it takes in this time.';
      return new LimitError('connection_limit_reached', message, { setting, retryAfter });
    }
    const window = Math.max(1, Math.ceil((rate.burst * rate.per) / rate.amount / 1_000));
    const policy = { name: scope === 'perUser' ? 'user' : 'client', quota: rate.burst, window, remaining };
    const who = scope === 'perUser' ? 'This user' : key;
    const message = `${who} has asked for as much as one ${policy.name} may in this time.`;
    return new LimitError('http_request_denied', message, { status: 429, setting, retryAfter, policy });
  }
}
