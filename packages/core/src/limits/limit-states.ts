import { Buckets } from './buckets.ts';

/** What is counted for the limits of one service. It outlives the limits, which are another value after a reload. */
export class LimitState {
  readonly #now: () => number;
  readonly #buckets = new Map<string, Buckets>();

  /** `now`: milliseconds, of a clock that does not go back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The buckets of a limit, by its name in the configuration: `perClient.requests`. Another unit of time begins anew, because debts are in it. */
  buckets(limit: string, per: number): Buckets {
    const name = `${limit}/${per}`;
    let buckets = this.#buckets.get(name);
    if (buckets === undefined) this.#buckets.set(name, (buckets = new Buckets(this.#now)));
    return buckets;
  }
}

/** Those of all services of a process, by the names of the services. */
export class LimitStates {
  readonly #now: (() => number) | undefined;
  readonly #states = new Map<string, LimitState>();

  constructor(now?: () => number) {
    this.#now = now;
  }

  of(service: string): LimitState {
    let state = this.#states.get(service);
    if (state === undefined) this.#states.set(service, (state = new LimitState(this.#now)));
    return state;
  }

  /** Forgets services that are not there any more. Configurations that are still in use have what they need of them. */
  keep(services: ReadonlySet<string>): void {
    for (const name of this.#states.keys()) if (!services.has(name)) this.#states.delete(name);
  }
}
