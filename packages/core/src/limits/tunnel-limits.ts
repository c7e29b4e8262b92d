import { LimitError } from '../base/errors.ts';
import { CountLimits } from './count-limits.ts';
import { leave } from './places/counts.ts';
import type { LimitedParty, LimitScopes } from './limit-scopes.ts';
import type { LimitState } from './limit-states.ts';

/** How many tunnels there may be at one time, each from its request to its end. */
export class TunnelLimits {
  readonly #state: LimitState;
  readonly #counts: CountLimits;

  constructor(scopes: LimitScopes, state: LimitState) {
    this.#state = state;
    this.#counts = new CountLimits(scopes, 'tunnels', ['perUser', 'perClient', 'service'], state);
  }

  /** None of them is configured. */
  get isEmpty(): boolean {
    return this.#counts.isEmpty;
  }

  /** A session asks for a tunnel. Throws a {@link LimitError} if that is one too many. */
  begin(session: number, party: LimitedParty): void {
    const held = this.#counts.enter(party);
    if (held instanceof LimitError) throw held;
    this.#state.tunnels.set(session, held);
  }

  /** A session has ended, whether it was one of a tunnel or not. */
  end(session: number): void {
    const held = this.#state.tunnels.get(session);
    if (held === undefined) return;
    this.#state.tunnels.delete(session);
    leave(held);
  }
}
