/**
 * ```
 *            failures in a row             retryAfter is over
 *   closed ───────────────────▶ open ───────────────────────▶ half-open
 *     ▲                          ▲  ◀─── the probe fails ─────┘   │
 *     └──────────────────────────┼────── the probe succeeds ──────┘
 * ```
 */
type State =
  /** Calls are made. */
  | { readonly is: 'closed'; readonly failed: number; readonly failedAt: number }
  /** No call is made until `retry`. */
  | { readonly is: 'open'; readonly retry: number }
  /** One call is being made; others are not. */
  | { readonly is: 'half-open' };

const CLOSED: State = { is: 'closed', failed: 0, failedAt: -Infinity };

interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds for which it stays open. */
  readonly retryAfter: number;
  readonly now: () => number;
  /** The breaker has opened, closed, or a probe has failed once more. */
  readonly turned: (to: 'closed' | 'open') => void;
}

/** Keeps calls away from what has failed. Whoever was let through says how it went, each time. It has no timer. */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: State = CLOSED;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): State['is'] {
    return this.#state.is;
  }

  /** Whether a call may be made now. */
  lets(): boolean {
    if (this.#state.is === 'closed') return true;
    if (this.#state.is === 'half-open' || this.#options.now() < this.#state.retry) return false;
    this.#state = { is: 'half-open' };
    return true;
  }

  /** There may be an answer now, so that the next call is a probe. */
  hint(): void {
    if (this.#state.is === 'open') this.#state = { is: 'open', retry: this.#options.now() };
  }

  succeeded(): void {
    const was = this.#state.is;
    this.#state = CLOSED;
    if (was !== 'closed') this.#options.turned('closed');
  }

  /** The call that was let through says nothing of the store. If it was the probe, the next one is. */
  unknown(): void {
    if (this.#state.is === 'half-open') this.#state = { is: 'open', retry: this.#options.now() };
  }

  /** A call that was made at `begun`. Of those that were made at the same time, all of which one pause lets fail, one counts. */
  failed(begun = this.#options.now()): void {
    const state = this.#state;
    // A call from before it opened.
    if (state.is === 'open') return;
    if (state.is === 'closed' && begun < state.failedAt) return;
    const now = this.#options.now();
    const failed = state.is === 'closed' ? state.failed + 1 : this.#options.failures;
    if (failed < this.#options.failures) this.#state = { is: 'closed', failed, failedAt: now };
    else {
      this.#state = { is: 'open', retry: now + this.#options.retryAfter };
      this.#options.turned('open');
    }
  }
}
