import type { Counted, Leased, Lender, Placed, Rate } from '@inband/core';
import type { Store } from '@inband/store';
import { type AwayShares, PLACES_TTL } from './away-shares.ts';
import { storeName } from './store-name.ts';

/** Names of places that are given back at once when a process ends. Those of others are free after {@link PLACES_TTL}. */
const MOST_GIVEN_BACK = 1_024;
/** Milliseconds. Days begin at midnight UTC. */
const DAY = 86_400_000;

interface MachineLenderDeps {
  readonly store: Store;
  /** Decides where the store does not. */
  readonly shares: AwayShares;
  /** Members of the cluster, as far as it is known. */
  readonly parties: () => number;
  /** The name of the process in the whole cluster. No process before it had the same. */
  readonly holder: string;
  /** Called with each call. */
  readonly onLent?: ((decided: 'store' | 'away') => void) | undefined;
}

/** Lends from the store of the machine, to one of its processes. */
export class MachineLender implements Lender {
  readonly #deps: MachineLenderDeps;
  /** What the process has places of, and how many there are. */
  readonly #held = new Map<string, number>();

  constructor(deps: MachineLenderDeps) {
    this.#deps = deps;
  }

  get parties(): number {
    return this.#deps.parties();
  }

  async lease(bucket: string, rate: Rate, owed: number, wanted: number): Promise<Leased> {
    const { store, shares } = this.#deps;
    const name = storeName(bucket);
    return this.#decided(store.lease(name, rate, wanted, owed), async (error) =>
      unlessBusy(error, await shares.lease(name, rate, owed, wanted)),
    );
  }

  async hold(key: string, most: number, held: number, wanted: number): Promise<Placed> {
    const { store, shares, holder } = this.#deps;
    const name = storeName(key);
    if (held + wanted > 0) this.#held.set(name, most);
    else this.#held.delete(name);
    const holding = { most, held, wanted, ttl: PLACES_TTL };
    return this.#decided(store.hold(name, holder, holding), async (error) =>
      unlessBusy(error, await shares.hold(name, holder, holding)),
    );
  }

  async count(key: string, most: number, used: number, wanted: number, of?: number): Promise<Counted | undefined> {
    const counting = { most, period: DAY, used, wanted, ...(of !== undefined && { of }) };
    return this.#decided(this.#deps.store.count(storeName(key), counting), () => undefined);
  }

  async #decided<Answer, Own>(
    asked: Promise<Answer>,
    decide: (error: unknown) => Own | Promise<Own>,
  ): Promise<Answer | Own> {
    const { onLent } = this.#deps;
    try {
      const answer = await asked;
      onLent?.('store');
      return answer;
    } catch (error) {
      onLent?.('away');
      return await decide(error);
    }
  }

  /** The process has ended: gives its places back. */
  async end(): Promise<void> {
    const { store, holder } = this.#deps;
    const names = [...this.#held].slice(0, MOST_GIVEN_BACK);
    this.#held.clear();
    const none = { held: 0, wanted: 0, ttl: PLACES_TTL };
    await Promise.allSettled(names.map(([name, most]) => store.hold(name, holder, { most, ...none })));
  }
}

/** Where a call had no turn in time, nobody knows whether the store is away. So what it was about is closed, and not everything of its limit. */
function unlessBusy<Answer extends Leased | Placed>(error: unknown, answer: Answer): Answer {
  const isBusy = error instanceof Error && 'reason' in error && error.reason === 'busy';
  return isBusy && answer.closed === true ? { ...answer, closed: undefined } : answer;
}
