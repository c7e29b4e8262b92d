import type { Duplex } from 'node:stream';
import type { Logger, SessionListener, Transport } from '@inband/core';
import type { ConfigInput } from '../config/input/config-input.ts';
import type { Stats } from '../metrics/show/stats.ts';
import type { InbandListener, Reloaded } from '../run/running.ts';
import type { TracerProviderLike } from '../tracing/tracer-provider.ts';
import type { AcceptOptions, OpenClientConnection } from './client-connections.ts';
import type { InbandEventMap, InbandListenerOf } from './inband-events.ts';

/** What an embedding program may replace. */
export interface InbandOptions {
  /** The transport, instead of the configuration's `transport`. */
  readonly transport?: Transport;
  /**
   * Where messages and access lines go. Without one they go to standard output if the configuration has a `log`
   * section, else nowhere. An exception in it does not affect clients.
   */
  readonly logger?: Logger;
  /**
   * Called at the end of every request and tunnel, whatever is logged. An exception or a rejection of it is logged as a defect
   * and does not affect the client.
   */
  readonly onSession?: SessionListener;
  /**
   * Makes the spans of requests and tunnels: a `TracerProvider` of `@opentelemetry/api`. With it, `tracing` need not be in the
   * configuration. Without it, `tracing` uses the one that is registered.
   */
  readonly tracerProvider?: TracerProviderLike;
  /** Counts the bytes of each client connection, for {@link Inband.connections}. Default: false, because each session is recorded for it. */
  readonly countBytes?: boolean;
  /** The directory for relative paths in `plugins`. Default: the current directory. */
  readonly baseDirectory?: string;
}

/** A proxy that is running. */
export interface Inband extends AsyncDisposable {
  /** In the order of the configuration. */
  readonly listeners: readonly InbandListener[];
  /**
   * Replaces the configuration without losing anything: what has not changed stays as it is, with its sockets, idle connections,
   * marks of failed servers and caches. Sessions that run end under the rules with which they began. Resolves with the difference.
   * Rejects with a `ConfigError` that names everything that is wrong or cannot be changed; then nothing has changed.
   */
  reload(config: ConfigInput): Promise<Reloaded>;
  /**
   * Calls `listener` for every event of a kind from now on. Returns a function that ends it. Nothing is made for listeners that do not
   * exist.
   */
  on<Event extends keyof InbandEventMap>(event: Event, listener: InbandListenerOf<Event>): () => void;
  /**
   * Serves a client whose connection the program has made by itself: a socket, or any stream of bytes. The proxy owns it from then on. Counts for
   * `limits` as those of listeners do. Returns the id of the connection. Throws if there is no such service, if it is not known where the client is,
   * if the stream is destroyed, and while the proxy stops; then the stream is still the caller's.
   */
  accept(duplex: Duplex, options: AcceptOptions): number;
  /** The client connections that are open, of HTTP services. */
  connections(): OpenClientConnection[];
  /** Closes the client connection with this id at once. Returns whether there was one. */
  closeConnection(id: number): boolean;
  /** How the proxy is doing: totals, rates, latencies, the last two minutes. Throws a `ProxyError` unless `metrics` is configured. */
  stats(): Stats;
  /**
   * Open connections have `grace` milliseconds to finish (default: `shutdown.grace`), then everything is closed.
   * `shutdown.listen` says how long clients are still accepted. Resolves when everything is closed. Of several calls the earliest end counts.
   */
  close(options?: { readonly grace?: number }): Promise<void>;
}
