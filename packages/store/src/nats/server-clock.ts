import type { KV } from '@nats-io/kv';
import { StoreUnavailable } from '../base/errors.ts';
import { keyOf } from './buckets.ts';

/** Milliseconds after which the clock is compared again. */
const GOOD_FOR = 60_000;

/**
 * The clock of the server, as far as it can be known: JetStream has no question for it, but says when a message came. It is compared now and
 * then with the clock of this process that does not go back, so that nobody's own idea of the time counts. It is wrong by half of the time that
 * one write takes at most, or a write and a reading where others compare theirs at the same time.
 */
export class ServerClock {
  readonly #key = keyOf('clock', 'now');
  #offset = 0;
  #compared: number | undefined = undefined;
  /** All who ask meanwhile wait for the same comparison, because several would disturb each other. */
  #comparing: Promise<void> | undefined = undefined;

  /** Milliseconds since 1970. */
  async now(kv: KV): Promise<number> {
    const isGood = this.#compared !== undefined && performance.now() - this.#compared < GOOD_FOR;
    if (!isGood) await (this.#comparing ??= this.#compare(kv).finally(() => (this.#comparing = undefined)));
    return performance.now() + this.#offset;
  }

  /** Another server may have another clock. */
  forget(): void {
    this.#compared = undefined;
  }

  async #compare(kv: KV): Promise<void> {
    const before = performance.now();
    const revision = await kv.put(this.#key, '');
    const written = performance.now();
    const entry = await kv.get(this.#key);
    if (entry === null) throw new StoreUnavailable('disconnected', 'The store has lost what was just written to it.');
    // What others have written in between came before the reading.
    const after = entry.revision === revision ? written : performance.now();
    this.#offset = entry.created.getTime() - (before + after) / 2;
    this.#compared = after;
  }
}
