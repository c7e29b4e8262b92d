import { LimitError } from '../base/errors.ts';
import { ByteLimits } from './bytes/byte-limits.ts';
import { type CarriesOthers, ConnectionPlaces } from './connection-places.ts';
import type { LimitOptions, PauseOptions } from './limit-options.ts';
import { type LimitedParty, LimitScopes } from './limit-scopes.ts';
import type { LimitState } from './limit-states.ts';
import { RateLimits } from './rate-limits.ts';
import { TunnelLimits } from './tunnel-limits.ts';

/** The limits of one service, in one configuration. Each is undefined that is not configured. */
export class ServiceLimits {
  readonly connections: ConnectionPlaces | undefined;
  readonly tunnels: TunnelLimits | undefined;
  readonly requestsPerConnection: number | undefined;
  /** Undefined where no bytes are limited. */
  readonly bytes: ByteLimits | undefined;
  readonly minimumRate: LimitOptions['minimumRate'];
  readonly #place: string;
  readonly #requests: RateLimits;
  readonly #pause: PauseOptions | undefined;
  readonly #state: LimitState;

  /**
   * `place`: that of the limits in the configuration, such as `services.web.limits`. `carriesOthers`: whose connections count for the
   * service only.
   */
  constructor(place: string, options: LimitOptions, state: LimitState, carriesOthers: CarriesOthers = () => false) {
    const scopes = new LimitScopes(place, options);
    const connections = new ConnectionPlaces(scopes, state, carriesOthers);
    const tunnels = new TunnelLimits(scopes, state);
    this.connections = connections.isEmpty ? undefined : connections;
    this.tunnels = tunnels.isEmpty ? undefined : tunnels;
    this.requestsPerConnection = options.requestsPerConnection;
    this.#requests = new RateLimits(scopes, 'requests', ['perUser', 'perClient', 'service'], state);
    this.#pause = options.pause;
    this.#state = state;
    this.bytes = ByteLimits.of({ place, scopes, options, accounts: (scope) => state.accounts(scope) });
    this.minimumRate = options.minimumRate;
    this.#place = place;
  }

  /** The place of a limit of the service itself in the configuration. */
  placeOf(limit: 'minimumRate'): string {
    return `${this.#place}.${limit}`;
  }

  /** Whether any request can be refused because there are too many. */
  get limitsRequests(): boolean {
    return !this.#requests.isEmpty;
  }

  /**
   * One request more. Returns the milliseconds after which it may go on, 0 for now. Throws a {@link LimitError} if it is one too many. Whoever waits
   * calls `waits` and then `waited`.
   */
  request(party: LimitedParty): number {
    const pause = this.#pause;
    const patience = pause !== undefined && this.#state.waiting < pause.waiting ? pause.longest : 0;
    const wait = this.#requests.take(party, patience);
    if (wait instanceof LimitError) throw wait;
    return wait;
  }

  /** A request waits. */
  waits(): void {
    this.#state.waiting += 1;
  }

  /** A request waits no longer. */
  waited(): void {
    this.#state.waiting -= 1;
  }
}
