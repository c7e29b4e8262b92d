import type { Listener, Logger, ProtocolProxy } from '@inband/core';

/** What has to end, and how. */
export interface EndingDeps {
  readonly proxies: readonly ProtocolProxy[];
  readonly listeners: readonly Listener[];
  /** `keep`: clients are accepted until a moment before the end. `close`: only those who have connected already are. */
  readonly listen: 'keep' | 'close';
  /** Closes everything that is left. */
  readonly closeNow: () => Promise<void>;
  readonly logger: Logger;
}

/** Milliseconds before the end of the grace at which nobody is accepted any more; half of a shorter grace. */
const BEFORE_THE_END = 1_000;
/** Milliseconds that closed connections get to report so. */
const LAST_MOMENT = 1_000;

/**
 * The end of a proxy: orderly as long as there is time, then at once.
 *
 * ```
 *  begun ──▶ the clients that are there finish ──▶ nobody is accepted any more ──▶ those that came finish ──▶ all is closed
 *        (listen: close)                        ▲                             ▲
 *           └──────── nobody is accepted ───────┘ a moment before the grace    └ the grace is over: closed as they are
 * ```
 */
export class Ending {
  readonly #deps: EndingDeps;
  readonly #nearlyUp = Promise.withResolvers<void>();
  readonly #timeUp = Promise.withResolvers<void>();
  #ended: Promise<void> | undefined = undefined;

  constructor(deps: EndingDeps) {
    this.#deps = deps;
  }

  /** Ends within `grace` milliseconds, or when an earlier call said so. Resolves when nothing is left. */
  async within(grace: number): Promise<void> {
    this.#ended ??= this.#end();
    const timers = [
      setTimeout(this.#nearlyUp.resolve, Math.max(grace - BEFORE_THE_END, grace / 2)),
      setTimeout(this.#timeUp.resolve, grace),
    ];
    await this.#ended;
    for (const timer of timers) clearTimeout(timer);
    // Nobody waits for them any more, and no promise is left pending.
    this.#nearlyUp.resolve();
    this.#timeUp.resolve();
  }

  async #end(): Promise<void> {
    const { listen, proxies, closeNow, logger } = this.#deps;
    // Begun before whoever waits is accepted, so that these are told that their connection closes.
    const finished = this.#drain();
    if (listen === 'close') await this.#stopListening();
    await Promise.race([finished, this.#nearlyUp.promise]);
    await this.#stopListening();
    const drained = this.#drain();
    await Promise.race([drained, this.#timeUp.promise]);
    const left = proxies.reduce((open, proxy) => open + proxy.open, 0);
    if (left > 0) logger.warn({ connections: left }, 'closing what did not finish in time');
    await closeNow();
    await forAMoment(drained);
  }

  /** Those that are open now finish. */
  async #drain(): Promise<void> {
    await Promise.all(this.#deps.proxies.map((proxy) => proxy.drain()));
  }

  async #stopListening(): Promise<void> {
    await Promise.all(this.#deps.listeners.map((listener) => listener.close()));
  }
}

/** Waits until `promise` is settled, {@link LAST_MOMENT} at most. */
async function forAMoment(promise: Promise<void>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, LAST_MOMENT);
  promise.then(over.resolve, over.resolve);
  await over.promise;
  clearTimeout(timer);
}
