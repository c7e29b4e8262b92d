import type { KV } from '@nats-io/kv';
import { StoreUnavailable } from '../base/errors.ts';
import { keyOf } from './buckets.ts';

/** Milliseconds after which the clock is compared again. */
const GOOD_FOR = 60_000;
/** Others may write between a write and its reading. */
const TRIES = 5;

/**
 * The clock of the server, as far as it can be known: JetStream has no question for it, but says when a message came. It is compared now and
 * then with the clock of this process that does not go back, so that nobody's own idea of the time counts. It is wrong by half of the time that
 * one write takes at most.
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
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = performance.now();
      const revision = await kv.put(this.#key, '');
      const after = performance.now();
      const entry = await kv.get(this.#key, { revision });
      if (entry === null) continue;
      this.#offset = entry.created.getTime() - (before + after) / 2;
      this.#compared = after;
      return;
    }
    throw new StoreUnavailable('contended', 'The clock of the store could not be read, because others write it.');
  }
}
