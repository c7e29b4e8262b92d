import { ProxyError } from '../../base/errors.ts';
import { dnsFailure, lookupAborted, lookupTimedOut, neverAsked, notAName } from '../dns-errors.ts';
import { whyNeverAsked, whyNotAName } from '../host-name.ts';
import type { ResolverSource, ServiceResolution } from '../resolver.ts';

/**
 * Look-ups of services, with a timeout for each. There is neither a cache nor a queue, because only a configuration names services, and
 * whoever follows one keeps its answer.
 */
export class ServiceLookups {
  readonly #resolver: ResolverSource;
  /** Milliseconds. */
  readonly #timeout: number;
  readonly #closing = new AbortController();

  constructor(resolver: ResolverSource, timeout: number) {
    this.#resolver = resolver;
    this.#timeout = timeout;
  }

  /** Rejects with a ProxyError. */
  async find(written: string, signal?: AbortSignal): Promise<ServiceResolution> {
    const name = written.endsWith('.') ? written.slice(0, -1) : written;
    const notName = whyNotAName(name);
    if (notName !== undefined) throw notAName(name, notName);
    const unasked = whyNeverAsked(name);
    if (unasked !== undefined) throw neverAsked(name, unasked);
    if (this.#resolver.services === undefined) throw noServices();
    const stop = new AbortController();
    const ends = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    return bounded(name, this.#resolver.services(name, AbortSignal.any([...ends, stop.signal])), {
      ends: AbortSignal.any(ends),
      timeout: this.#timeout,
      stop: () => stop.abort(),
    });
  }

  close(): void {
    this.#closing.abort();
  }
}

interface Bounds {
  /** Nobody waits any more. */
  readonly ends: AbortSignal;
  readonly timeout: number;
  readonly stop: () => void;
}

/** Settles with the look-up, when time is up, or when nobody waits any more: a resolver of a plugin may not heed its signal. */
function bounded(
  name: string,
  lookup: Promise<ServiceResolution>,
  { ends, timeout, stop }: Bounds,
): Promise<ServiceResolution> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      clearTimeout(timer);
      ends.removeEventListener('abort', onEnd);
      settled();
    };
    const onEnd = (): void => settle(() => reject(lookupAborted(name)));
    const timer = setTimeout(() => {
      settle(() => reject(lookupTimedOut(name, timeout)));
      stop();
    }, timeout);
    lookup.then(
      (found) => settle(() => resolve(found)),
      (error: unknown) => settle(() => reject(dnsFailure(name, error))),
    );
    if (ends.aborted) onEnd();
    else ends.addEventListener('abort', onEnd, { once: true });
  });
}

function noServices(): ProxyError {
  const message = 'The resolver of the configuration cannot look up SRV records.';
  return new ProxyError('proxy_configuration_error', message, { setting: 'resolver.type' });
}
