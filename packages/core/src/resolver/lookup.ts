import type { ProxyError } from '../errors.ts';
import { dnsFailure, lookupAborted, lookupTimedOut, noAddress } from './dns-errors.ts';
import type { Resolution, Resolver } from './resolver.ts';

/** How a look-up ended. */
export type Outcome = { readonly resolution: Resolution } | { readonly error: ProxyError };

interface Waiter {
  readonly settle: (outcome: Outcome) => void;
}

/**
 * One look-up of one name that any number of callers wait for. It ends once: by the resolver's answer, by `timeout`
 * milliseconds, or because nobody waits any more; `ended` hears of the first two.
 */
export class Lookup {
  readonly #host: string;
  readonly #waiters = new Set<Waiter>();
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #ended: (outcome: Outcome | undefined) => void;
  #over = false;

  /** Starts at once. `ended` gets undefined when everybody left. */
  constructor(resolver: Resolver, host: string, timeout: number, ended: (outcome: Outcome | undefined) => void) {
    this.#host = host;
    this.#ended = ended;
    this.#timer = setTimeout(() => {
      this.#end({ error: lookupTimedOut(host, timeout) });
      this.#controller.abort();
    }, timeout);
    void outcomeOf(resolver, host, this.#controller.signal).then((outcome) => this.#end(outcome));
  }

  /** Waits for the end, or until `signal` aborts; that does not disturb the others who wait. */
  join(signal: AbortSignal | undefined): Promise<Resolution> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        settle: (outcome) => {
          this.#waiters.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          if ('error' in outcome) reject(outcome.error);
          else resolve(outcome.resolution);
        },
      };
      const onAbort = (): void => {
        waiter.settle({ error: lookupAborted(this.#host) });
        if (this.#waiters.size === 0) this.cancel();
      };
      this.#waiters.add(waiter);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Gives up; whoever still waits hears that it was cancelled. */
  cancel(): void {
    this.#end(undefined);
    this.#controller.abort();
  }

  #end(outcome: Outcome | undefined): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#ended(outcome);
    for (const waiter of this.#waiters) waiter.settle(outcome ?? { error: lookupAborted(this.#host) });
  }
}

/** A resolver is a plugin: it may throw, reject with anything, or give an empty list against its contract. */
async function outcomeOf(resolver: Resolver, host: string, signal: AbortSignal): Promise<Outcome> {
  try {
    const resolution = await resolver.resolve(host, signal);
    return resolution.addresses.length === 0 ? { error: noAddress(host) } : { resolution };
  } catch (error) {
    return { error: dnsFailure(host, error) };
  }
}
