import type { LimitError } from '../base/errors.ts';
import type { Counts, Held } from './places/counts.ts';
import type { LimitedParty, LimitScope, LimitScopes } from './limit-scopes.ts';
import type { LimitState } from './limit-states.ts';

interface CountLimit {
  readonly scope: LimitScope;
  readonly most: number;
  readonly counts: Counts;
}

/** How many of something there may be at one time, for each of several scopes. */
export class CountLimits {
  readonly #scopes: LimitScopes;
  readonly #what: 'connections' | 'tunnels';
  readonly #limits: readonly CountLimit[];

  constructor(scopes: LimitScopes, what: 'connections' | 'tunnels', order: readonly LimitScope[], state: LimitState) {
    this.#scopes = scopes;
    this.#what = what;
    this.#limits = order.flatMap((scope) => {
      const most = scopes.limitsOf(scope)[what];
      return most === undefined ? [] : [{ scope, most, counts: state.counts(`${scope}.${what}`) }];
    });
  }

  /** None of them is configured. */
  get isEmpty(): boolean {
    return this.#limits.length === 0;
  }

  /** Counts one more, unless one of the limits is reached. `leave` ends it. */
  enter(party: LimitedParty): Held | LimitError {
    for (const { scope, most, counts } of this.#limits) {
      const key = this.#scopes.keyOf(scope, party);
      if (key !== undefined && !counts.hasRoom(key, most)) return this.#scopes.tooMany(scope, this.#what, key, most);
    }
    return this.#limits.flatMap(({ scope, most, counts }) => {
      const key = this.#scopes.keyOf(scope, party);
      if (key === undefined) return [];
      counts.add(key, most);
      return [{ counts, key }];
    });
  }
}
