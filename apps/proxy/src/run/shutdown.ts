import type { Listener, Logger, ProtocolProxy } from '@inband/core';

/**
 * - `keep`: clients are accepted until a moment before the end.
 * - `close`: only clients that have connected already are served.
 * - `handed-over`: the same, and another process has the listening sockets.
 */
export type ListenAtEnd = 'keep' | 'close' | 'handed-over';

/** What is to be shut down, and how. */
export interface ShutdownDeps {
  readonly proxies: () => readonly ProtocolProxy[];
  readonly listeners: () => readonly Listener[];
  readonly listen: ListenAtEnd;
  /** Closes everything that is left. */
  readonly closeNow: () => Promise<void>;
  readonly logger: Logger;
}

/** No client is accepted any more from this many milliseconds before the end of the grace period; half of a shorter one. */
const BEFORE_THE_END = 1_000;
/** Milliseconds for closed connections to report that they are closed. */
const LAST_MOMENT = 1_000;

/**
 * A graceful shutdown: open connections have time to finish until the grace period is over, then they are closed.
 *
 * ```
 *  started ──▶ open clients finish ──▶ no client is accepted ──▶ later clients finish ──▶ everything is closed
 *      (listen: close)           ▲                              ▲
 *         └─ no client accepted ─┘ shortly before the grace     └ the grace period is over: open connections are closed
 * ```
 */
export class Shutdown {
  readonly #deps: ShutdownDeps;
  readonly #nearlyUp = Promise.withResolvers<void>();
  readonly #timeUp = Promise.withResolvers<void>();
  #ended: Promise<void> | undefined = undefined;
  #isListening = true;

  constructor(deps: ShutdownDeps) {
    this.#deps = deps;
  }

  /** Whether clients are still accepted. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** Shuts down within `grace` milliseconds. Of several calls the earliest end counts. Resolves when everything is closed. */
  async within(grace: number): Promise<void> {
    this.#ended ??= this.#end();
    const timers = [
      setTimeout(this.#nearlyUp.resolve, Math.max(grace - BEFORE_THE_END, grace / 2)),
      setTimeout(this.#timeUp.resolve, grace),
    ];
    await this.#ended;
    for (const timer of timers) clearTimeout(timer);
    // Resolved, so that no promise stays pending.
    this.#nearlyUp.resolve();
    this.#timeUp.resolve();
  }

  async #end(): Promise<void> {
    const { listen, proxies, closeNow, logger } = this.#deps;
    // Started before the listeners close, because they accept the clients in their queues first: their answers say `Connection: close`.
    const finished = this.#drain();
    if (listen !== 'keep') await this.#stopListening();
    await Promise.race([finished, this.#nearlyUp.promise]);
    await this.#stopListening();
    const drained = this.#drain();
    await Promise.race([drained, this.#timeUp.promise]);
    const left = proxies().reduce((open, proxy) => open + proxy.open, 0);
    if (left > 0) logger.warn({ connections: left }, 'closing what did not finish in time');
    await closeNow();
    await forAMoment(drained);
  }

  /** Resolves when the connections that are open now have finished. */
  async #drain(): Promise<void> {
    await Promise.all(this.#deps.proxies().map((proxy) => proxy.drain()));
  }

  async #stopListening(): Promise<void> {
    const { listeners, listen } = this.#deps;
    this.#isListening = false;
    await Promise.all(listeners().map((listener) => listener.close(listen === 'handed-over')));
  }
}

/** Waits until `promise` is settled, but at most {@link LAST_MOMENT}. */
async function forAMoment(promise: Promise<void>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, LAST_MOMENT);
  promise.then(over.resolve, over.resolve);
  await over.promise;
  clearTimeout(timer);
}
