import type { Clock } from '../base/clock.ts';
import type { AcmeLog } from '../base/log.ts';
import type { AcmeStorage } from '../state/acme-storage.ts';
import { DemandLimit, type OnDemandOptions } from './demand-limit.ts';
import { Kept } from './kept.ts';
import { OTHERS_WAIT } from './renew.ts';

/** Milliseconds for which a handshake waits for its certificate. */
const DEMAND_WAIT = 20_000;
/** Milliseconds between two lines about too many orders, and between two that nothing can be ordered. */
const LIMIT_SAID = 60_000;
const AWAY_SAID = 60_000;

export interface DemandedDeps {
  readonly state: Pick<AcmeStorage, 'countNew'>;
  readonly clock: Clock;
  readonly log: AcmeLog;
}

/** Orders for names that clients ask for: which may be made, who waits for the end of the work on one, and what is said of those that are not made. */
export class Demanded {
  readonly #options: OnDemandOptions | undefined;
  readonly #deps: DemandedDeps;
  readonly #limit: DemandLimit | undefined;
  /** Who waits for the end of the work on a certificate, by its name. */
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  /** When it was said last that there are too many orders. */
  #saidLimit = 0;
  /** When it was said last that nothing can be ordered. */
  #saidAway = 0;

  constructor(options: OnDemandOptions | undefined, deps: DemandedDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#limit = options === undefined ? undefined : new DemandLimit(options);
  }

  /** Whether a name is on the list. */
  allows(host: string): boolean {
    return this.#limit?.allows(host) === true;
  }

  /** A new certificate for a host of a client, if that may be. It counts as an order, until that is given back. */
  take(host: string, now: number): Kept | undefined {
    if (this.#limit?.allows(host) !== true) return undefined;
    if (!this.#limit.take(now)) {
      this.#sayLimit(host, now);
      return undefined;
    }
    const kept = new Kept([host], true);
    kept.isCounted = true;
    return kept;
  }

  /** Where others order, too, all of them count together. */
  async mayOrderNew(kept: Kept): Promise<boolean> {
    const { state, clock } = this.#deps;
    if (this.#options === undefined || (await state.countNew?.(this.#options.perHour)) !== false) return true;
    const now = clock.now();
    this.#giveBack(kept);
    this.#limit?.pause(now + OTHERS_WAIT);
    this.#sayLimit(kept.name, now);
    return false;
  }

  /** Nothing is ordered, because what is shared could not be asked. */
  isAway(kept: Kept, reason: string): void {
    this.#giveBack(kept);
    const now = this.#deps.clock.now();
    if (now - this.#saidAway < AWAY_SAID) return;
    this.#saidAway = now;
    this.#deps.log.warn({ hosts: kept.hosts, reason }, 'acme: nothing is ordered at present');
  }

  /** Resolves when the work on it has ended, after 20 seconds, or with `ended`. */
  async wait({ name }: Kept, ended: AbortSignal): Promise<void> {
    const waiting = this.#waiting.get(name) ?? Promise.withResolvers<void>();
    this.#waiting.set(name, waiting);
    const enough = new AbortController();
    const signal = AbortSignal.any([ended, enough.signal]);
    const limit = this.#deps.clock.sleep(DEMAND_WAIT, signal).catch(() => undefined);
    await Promise.race([waiting.promise, limit]);
    enough.abort();
  }

  /** Whether a client waits, or has waited, for the end of the work on it. */
  isAwaited(name: string): boolean {
    return this.#waiting.has(name);
  }

  /** Clients that wait for the end of the work on a certificate look again. */
  settle(name: string): void {
    this.#waiting.get(name)?.resolve();
    this.#waiting.delete(name);
  }

  /** A certificate was not ordered, so that the demand does not count. */
  #giveBack(kept: Kept): void {
    if (kept.isCounted) this.#limit?.giveBack();
    kept.isCounted = false;
  }

  #sayLimit(host: string, now: number): void {
    if (now - this.#saidLimit < LIMIT_SAID) return;
    this.#saidLimit = now;
    this.#deps.log.warn(
      { host },
      'acme: onDemand.perHour: no certificate is ordered, there were too many orders within an hour',
    );
  }
}
