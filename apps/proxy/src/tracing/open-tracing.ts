import { addressMatcher, type AddressZones, type Logger, type SessionTracer } from '@inband/core';
import type * as OpenTelemetry from '@opentelemetry/api';
import { SessionSpans } from './session-spans.ts';
import type { TracerProviderLike, TracingApi } from './tracer-provider.ts';

/** What `tracing` says in a configuration. */
export interface TracingOptions {
  readonly trust?: readonly string[] | undefined;
  readonly propagate: boolean;
}

export interface TracingDeps {
  readonly api: TracingApi;
  /** Undefined: the one that is registered. */
  readonly provider: TracerProviderLike | undefined;
  readonly logger: Logger;
}

/** The traces of a process. */
export interface Tracing {
  /** For a service with these zones. Throws a `PolicyConfigurationError`. */
  tracerFor(zones: AddressZones): SessionTracer;
  /** Ends all spans and sends them, within {@link LONGEST_END} and {@link LONGEST_FLUSH}. */
  close(): Promise<void>;
}

/** Milliseconds for sessions that were closed to tell of their end. */
const LONGEST_END = 1_000;

/** Milliseconds for what an SDK has not sent yet when the proxy ends. */
const LONGEST_FLUSH = 2_000;

/** Undefined, with a warning, if nothing would take the spans: then tracing costs nothing. */
export function openTracing({ trust = [], propagate }: TracingOptions, deps: TracingDeps): Tracing | undefined {
  const { logger } = deps;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package of that name was loaded
  const api = deps.api as typeof OpenTelemetry;
  const provider = deps.provider ?? registered(api);
  if (provider === undefined) {
    logger.warn({}, 'there are no traces: no SDK of OpenTelemetry is registered; see tracing.sdk');
    return undefined;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a provider of this API gives tracers of it
  const tracer = provider.getTracer('inband') as OpenTelemetry.Tracer;
  const spans = new SessionSpans({ api, tracer, logger, propagate });
  return {
    tracerFor: (zones) => spans.tracerFor(addressMatcher('tracing', ['trust'], trust, zones)),
    async close() {
      await within(spans.idle(), LONGEST_END).catch(() => {});
      spans.close();
      await flush(provider, logger);
    },
  };
}

/** The provider that an SDK has registered. The API has a proxy of it, which is there also without one. */
function registered({ trace }: typeof OpenTelemetry): TracerProviderLike | undefined {
  const provider = trace.getTracerProvider();
  if (!isProxy(provider)) return provider;
  return provider.getDelegateTracer('inband') === undefined ? undefined : provider.getDelegate();
}

/** Not by its class, because the SDK may have a copy of the API of its own. */
function isProxy(provider: OpenTelemetry.TracerProvider): provider is OpenTelemetry.ProxyTracerProvider {
  return 'getDelegateTracer' in provider;
}

async function flush(provider: TracerProviderLike, logger: Logger): Promise<void> {
  if (typeof provider.forceFlush !== 'function') return;
  try {
    await within(provider.forceFlush(), LONGEST_FLUSH);
  } catch (error) {
    logger.warn({ err: error }, 'the last traces were not sent');
  }
}

/** Rejects if it takes longer. */
async function within(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It took more than ${milliseconds} ms.`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
