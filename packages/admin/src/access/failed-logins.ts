/** Failures of one address in a {@link WINDOW} after which it has to wait. */
const MOST = 10;
/** Milliseconds. */
const WINDOW = 60_000;
/** Addresses that are remembered. The one whose window began first is forgotten first. */
const MOST_ADDRESSES = 1_000;

/** Counts failed logins by the address of the client, so that guessing is slow and does not fill the log. */
export class FailedLogins {
  readonly #now: () => number;
  /** In the order in which the windows began. */
  readonly #windows = new Map<string, { readonly began: number; failures: number }>();

  /** `now`: milliseconds of a monotonic clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds until the address may try again; 0 if it may now. */
  waitOf(address: string): number {
    const window = this.#windows.get(address);
    if (window === undefined || window.failures < MOST) return 0;
    return Math.max(window.began + WINDOW - this.#now(), 0);
  }

  /** At all members of a cluster together there were so many. */
  learn(address: string, failures: number): void {
    const window = this.#windows.get(address);
    if (window !== undefined && window.failures < failures) window.failures = failures;
  }

  add(address: string): void {
    const window = this.#windows.get(address);
    if (window !== undefined && this.#now() < window.began + WINDOW) {
      window.failures += 1;
      return;
    }
    this.#windows.delete(address);
    this.#windows.set(address, { began: this.#now(), failures: 1 });
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > MOST_ADDRESSES && oldest !== undefined) this.#windows.delete(oldest);
  }
}
