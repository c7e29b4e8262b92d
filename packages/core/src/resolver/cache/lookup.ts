import type { ProxyError } from '../../base/errors.ts';
import { dnsFailure, lookupAborted, lookupTimedOut, noAddress } from '../dns-errors.ts';
import type { KnownName, Resolution, ResolverSource } from '../resolver.ts';

interface Waiter {
  readonly settle: (outcome: KnownName) => void;
}

/** The dependencies of a {@link Lookup}. */
export interface LookupDeps {
  readonly resolver: ResolverSource;
  /** Milliseconds from the start of the look-up. */
  readonly timeout: number;
  /** Called once at the end. The outcome is undefined when the look-up was cancelled and must not be cached. */
  readonly ended: (outcome: KnownName | undefined) => void;
}

/**
 * One look-up of one name, for any number of callers. It is queued, runs and ends once: by the resolver's answer, by
 * `timeout`, or because no caller waits any more.
 *
 * ```
 * waiting ── start ──▶ running ── answer, timeout or cancel ──▶ over
 *    └────────── cancel ────────────────────────────────────────▲
 * ```
 */
export class Lookup {
  readonly host: string;
  readonly #deps: LookupDeps;
  readonly #waiters = new Set<Waiter>();
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined = undefined;
  #release: (() => void) | undefined = undefined;
  #state: 'waiting' | 'running' | 'over' = 'waiting';

  constructor(host: string, deps: LookupDeps) {
    this.host = host;
    this.#deps = deps;
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** Runs the look-up. `release` is called once, when another look-up may run in its place. */
  start(release: () => void): void {
    const { resolver, timeout } = this.#deps;
    this.#state = 'running';
    this.#release = release;
    this.#timer = setTimeout(() => {
      this.#end({ error: lookupTimedOut(this.host, timeout) });
      this.#controller.abort();
    }, timeout);
    void outcomeOf(resolver, this.host, this.#controller.signal).then((outcome) => {
      this.#end(outcome);
      this.#releasePlace();
    });
  }

  /** Resolves at the end, or rejects when `signal` aborts. Other callers are not affected. */
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
        waiter.settle({ error: lookupAborted(this.host) });
        if (this.#waiters.size === 0) this.cancel();
      };
      this.#waiters.add(waiter);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Cancels the look-up. Callers that still wait get `error`, or an error that says that it was cancelled. */
  cancel(error?: ProxyError): void {
    this.#end(undefined, error);
    this.#controller.abort();
  }

  #end(outcome: KnownName | undefined, error = lookupAborted(this.host)): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    clearTimeout(this.#timer);
    this.#deps.ended(outcome);
    for (const waiter of this.#waiters) waiter.settle(outcome ?? { error });
    // getaddrinfo holds a thread until it answers, so its place is released only then.
    if (this.#deps.resolver.concurrency === undefined) this.#releasePlace();
  }

  #releasePlace(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
}

/** Turns whatever a resolver does into an outcome, because a plugin may throw, reject with anything or return an empty list. */
async function outcomeOf(resolver: ResolverSource, host: string, signal: AbortSignal): Promise<KnownName> {
  try {
    const resolution = await resolver.resolve(host, signal);
    return resolution.addresses.length === 0 ? { error: noAddress(host) } : { resolution };
  } catch (error) {
    return { error: dnsFailure(host, error) };
  }
}
