import type { ProxyError } from '../base/errors.ts';
import { dnsFailure, lookupAborted, lookupTimedOut, noAddress } from './dns-errors.ts';
import type { KnownName, Resolution, ResolverSource } from './resolver.ts';

interface Waiter {
  readonly settle: (outcome: KnownName) => void;
}

/** What a {@link Lookup} needs to know. */
export interface LookupDeps {
  readonly resolver: ResolverSource;
  /** Milliseconds from its start. */
  readonly timeout: number;
  /** Hears of its end once; undefined when it was given up and nothing is to be remembered. */
  readonly ended: (outcome: KnownName | undefined) => void;
}

/**
 * One look-up of one name that any number of callers wait for. It waits for its turn, runs, and ends once: by the
 * resolver's answer, by `timeout` milliseconds, or because nobody waits any more.
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

  /** It is its turn. `release` is called once, when another look-up may run in its place. */
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
      this.#letGo();
    });
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
        waiter.settle({ error: lookupAborted(this.host) });
        if (this.#waiters.size === 0) this.cancel();
      };
      this.#waiters.add(waiter);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Gives up; whoever still waits hears `error`, or that it was cancelled. */
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
    // One of few threads is taken until the answer comes, whoever waits for it.
    if (this.#deps.resolver.concurrency === undefined) this.#letGo();
  }

  #letGo(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
}

/** A resolver is a plugin: it may throw, reject with anything, or give an empty list against its contract. */
async function outcomeOf(resolver: ResolverSource, host: string, signal: AbortSignal): Promise<KnownName> {
  try {
    const resolution = await resolver.resolve(host, signal);
    return resolution.addresses.length === 0 ? { error: noAddress(host) } : { resolution };
  } catch (error) {
    return { error: dnsFailure(host, error) };
  }
}
