import type { SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import { LimitError } from '../base/errors.ts';
import { CountLimits } from './count-limits.ts';
import { type Held, leave } from './places/counts.ts';
import type { LimitScopes } from './limit-scopes.ts';
import type { LimitState } from './limit-states.ts';
import { RateLimits } from './rate-limits.ts';

/** Refused clients that are answered at one time. Further ones are reset. */
const MOST_ANSWERED = 64;

/** Why a client is not served, and whether there is time to tell it. */
export interface ConnectionRefusal {
  readonly error: LimitError;
  readonly mayAnswer: boolean;
}

const NOTHING: Held = [];

/** Whether connections of an address carry the requests of several clients, so that it is none itself: a trusted proxy. */
export type CarriesOthers = (client: SockAddr) => boolean;

/**
 * The limits of the connections of one service, from their acceptance to their end. A connection beyond a rate is reset before a byte of it is read,
 * because an answer would cost more than the request that it is about. One beyond a number is answered with 503, up to 64 of them at a time.
 */
export class ConnectionPlaces {
  readonly #state: LimitState;
  readonly #rates: RateLimits;
  readonly #counts: CountLimits;
  readonly #userRates: RateLimits;
  readonly #userCounts: CountLimits;
  readonly #carriesOthers: CarriesOthers;

  constructor(scopes: LimitScopes, state: LimitState, carriesOthers: CarriesOthers) {
    this.#state = state;
    this.#carriesOthers = carriesOthers;
    this.#rates = new RateLimits(scopes, 'newConnections', ['perClient', 'service'], state);
    this.#counts = new CountLimits(scopes, 'connections', ['perClient', 'service'], state);
    this.#userRates = new RateLimits(scopes, 'newConnections', ['perUser'], state);
    this.#userCounts = new CountLimits(scopes, 'connections', ['perUser'], state);
  }

  /** None of them is configured. */
  get isEmpty(): boolean {
    return this.#rates.isEmpty && this.#counts.isEmpty && !this.limitsUsers;
  }

  /** Whether `authenticated` is to be called. */
  get limitsUsers(): boolean {
    return !this.#userRates.isEmpty || !this.#userCounts.isEmpty;
  }

  /** A client has come. One that has its place already keeps it. Returns why it gets none. */
  enter(connection: Connection, client: SockAddr): ConnectionRefusal | undefined {
    const { places, refused } = this.#state;
    if (places.has(connection)) return undefined;
    const party = { client: this.#carriesOthers(client) ? undefined : client, user: undefined };
    const held = this.#counts.enter(party);
    if (held instanceof LimitError) {
      const mayAnswer = refused.size < MOST_ANSWERED;
      if (mayAnswer) refused.add(connection);
      return this.#refusal(held, mayAnswer, client);
    }
    const wait = this.#rates.take(party);
    if (wait instanceof LimitError) {
      leave(held);
      return this.#refusal(wait, false, client);
    }
    places.set(connection, { client, held, user: undefined, heldByUser: NOTHING });
    this.#state.placed += 1;
    return undefined;
  }

  #refusal(error: LimitError, mayAnswer: boolean, client: SockAddr): ConnectionRefusal {
    this.#state.reached(error, client);
    return { error, mayAnswer };
  }

  /** A user has authenticated on a connection. Returns why it is one too many; then the connection counts for none. */
  authenticated(connection: Connection, user: string): LimitError | undefined {
    const place = this.#state.places.get(connection);
    if (place === undefined || place.user === user) return undefined;
    leave(place.heldByUser);
    place.user = undefined;
    place.heldByUser = NOTHING;
    const party = { client: place.client, user };
    const held = this.#userCounts.enter(party);
    if (held instanceof LimitError) return held;
    const wait = this.#userRates.take(party);
    if (wait instanceof LimitError) {
      leave(held);
      return wait;
    }
    place.user = user;
    place.heldByUser = held;
    return undefined;
  }

  /** What a connection has is that of another one from now on, which it carries. */
  replace(connection: Connection, other: Connection): void {
    const { places, refused } = this.#state;
    if (refused.delete(connection)) refused.add(other);
    const place = places.get(connection);
    if (place === undefined) return;
    places.delete(connection);
    places.set(other, place);
  }

  /** A connection is closed, or served by somebody else. */
  leave(connection: Connection): void {
    const { places, refused } = this.#state;
    const place = places.get(connection);
    if (place === undefined) return void refused.delete(connection);
    places.delete(connection);
    this.#state.placed -= 1;
    leave(place.held);
    leave(place.heldByUser);
  }
}
