import type { LimitError } from '../base/errors.ts';
import type { RateBuckets } from './rates/buckets.ts';
import type { Rate } from './rates/gcra.ts';
import type { Limited, LimitedParty, LimitScope, LimitScopes } from './limit-scopes.ts';
import type { LimitState } from './limit-states.ts';

interface RateLimit {
  readonly scope: LimitScope;
  readonly rate: Rate;
  readonly buckets: RateBuckets;
}

/** How often something may happen, for each of several scopes. */
export class RateLimits {
  readonly #scopes: LimitScopes;
  readonly #what: Limited;
  readonly #limits: readonly RateLimit[];

  /** `order`: the narrowest first, so that who is refused takes nothing from others. */
  constructor(
    scopes: LimitScopes,
    what: 'requests' | 'newConnections',
    order: readonly LimitScope[],
    state: LimitState,
  ) {
    this.#scopes = scopes;
    this.#what = what;
    this.#limits = order.flatMap((scope) => {
      const rate = scopes.limitsOf(scope)[what];
      return rate === undefined ? [] : [{ scope, rate, buckets: state.buckets(`${scope}.${what}`, rate) }];
    });
  }

  /** None of them is configured. */
  get isEmpty(): boolean {
    return this.#limits.length === 0;
  }

  /**
   * Takes one. Returns the milliseconds to wait before it is used, at most `patience`, or why there is none; then nothing is taken of any of
   * the limits.
   */
  take(party: LimitedParty, patience = 0): number | LimitError {
    const limits = this.#limits;
    let wait = 0;
    for (let index = 0; index < limits.length; index += 1) {
      const { scope, rate, buckets } = limits[index]!;
      const key = this.#scopes.keyOf(scope, party);
      if (key === undefined) continue;
      const taken = buckets.take(key, rate, 1, patience);
      if (!taken.allowed) {
        const error = this.#scopes.tooOften(scope, this.#what, key, rate, taken);
        this.#giveBack(party, index);
        return error;
      }
      if (taken.retryAfter > wait) wait = taken.retryAfter;
    }
    return wait;
  }

  /** To the limits before the one at `end`. */
  #giveBack(party: LimitedParty, end: number): void {
    for (const { scope, rate, buckets } of this.#limits.slice(0, end)) {
      const key = this.#scopes.keyOf(scope, party);
      if (key !== undefined) buckets.giveBack(key, rate, 1);
    }
  }
}
