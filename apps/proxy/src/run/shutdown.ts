import type { Listener, Logger, Patience, ProtocolProxy, StoppedBy } from '@inband/core';
import type { Config } from '../config/schema/schema.ts';

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

/** Milliseconds until open connections are closed. */
export interface ShutdownTimes {
  readonly grace: number;
  /** Of tunnels and upgraded connections. */
  readonly tunnels: number;
}

/** The times that a configuration gives, unless others are asked for. Tunnels have the same as the rest if nothing is said. */
export function shutdownTimes(
  { shutdown }: Pick<Config, 'shutdown'>,
  asked: { readonly grace?: number | undefined; readonly tunnels?: number | undefined } = {},
): ShutdownTimes {
  const { grace = shutdown.grace } = asked;
  const ofConfig = asked.grace === undefined ? shutdown.tunnels : undefined;
  return { grace, tunnels: asked.tunnels ?? ofConfig ?? grace };
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
 *
 * Tunnels may have a time of their own. If it is shorter they are closed earlier; if it is longer they are what is left at the end.
 */
export class Shutdown {
  readonly #deps: ShutdownDeps;
  readonly #nearlyUp = Promise.withResolvers<void>();
  readonly #timeUp = Promise.withResolvers<void>();
  readonly #tunnelsUp = Promise.withResolvers<void>();
  #ended: Promise<void> | undefined = undefined;
  #isListening = true;

  constructor(deps: ShutdownDeps) {
    this.#deps = deps;
  }

  /** Whether clients are still accepted. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** Shuts down within `times`. Of several calls the earliest end counts. Resolves when everything is closed. */
  async within({ grace, tunnels }: ShutdownTimes): Promise<void> {
    this.#ended ??= this.#end(tunnels > grace);
    const timers = [
      setTimeout(this.#nearlyUp.resolve, Math.max(grace - BEFORE_THE_END, grace / 2)),
      setTimeout(this.#timeUp.resolve, grace),
      setTimeout(this.#tunnelsUp.resolve, tunnels),
    ];
    if (tunnels < grace) void this.#tunnelsUp.promise.then(() => this.#closeOnly('tunnels', 'shutdown.tunnels'));
    await this.#ended;
    for (const timer of timers) clearTimeout(timer);
    // Resolved, so that no promise stays pending.
    this.#nearlyUp.resolve();
    this.#timeUp.resolve();
    this.#tunnelsUp.resolve();
  }

  /** `outlive`: tunnels have more time than requests. */
  async #end(outlive: boolean): Promise<void> {
    const { listen, proxies, closeNow, logger } = this.#deps;
    // Started before the listeners close, because they accept the clients in their queues first: their answers say `Connection: close`.
    // Where another process accepts clients already, those that are idle may stay. Elsewhere they would delay its start.
    const finished = this.#drain(listen === 'handed-over' ? 'idle-timeout' : 'moment');
    if (listen !== 'keep') await this.#stopListening();
    await Promise.race([finished, this.#nearlyUp.promise]);
    await this.#stopListening();
    const drained = this.#drain('none');
    await Promise.race([drained, this.#timeUp.promise]);
    if (outlive) {
      this.#closeOnly('requests', 'shutdown.grace');
      await Promise.race([drained, this.#tunnelsUp.promise]);
      this.#closeOnly('tunnels', 'shutdown.tunnels');
    }
    const left = proxies().reduce((open, proxy) => open + proxy.open, 0);
    if (left > 0) logger.warn({ connections: left }, 'closing what did not finish in time');
    await closeNow();
    await forAMoment(drained);
  }

  #closeOnly(what: 'tunnels' | 'requests', setting: StoppedBy): void {
    const { proxies, logger } = this.#deps;
    const closed = proxies().reduce((count, proxy) => count + (proxy.closeOnly?.(what, setting) ?? 0), 0);
    if (closed === 0) return;
    const text =
      what === 'tunnels' ? 'closing tunnels that did not end in time' : 'closing what did not finish in time';
    logger.warn({ connections: closed, setting }, text);
  }

  /** Resolves when the connections that are open now have finished. */
  async #drain(patience: Patience): Promise<void> {
    await Promise.all(this.#deps.proxies().map((proxy) => proxy.drain(undefined, patience)));
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
