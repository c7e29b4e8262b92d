import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Logger } from './base/logger.ts';

/** A server that a discovery has found: what an entry of `servers` of a pool may hold. */
export interface DiscoveredServer {
  /** `192.0.2.1:80`, `[2001:db8::1]:80`, `unix:/run/app.sock`, or a name with a port, which is resolved. */
  readonly address: string;
  /** Its share of the sessions. Default: 1. */
  readonly weight?: number | undefined;
  /** Gets sessions only while no other server is up. */
  readonly backup?: boolean | undefined;
  /** The most sessions at one time. Default: no limit. */
  readonly maxConnections?: number | undefined;
  /** Whatever else an entry may hold. */
  readonly [option: string]: unknown;
}

/** Finds the servers of one pool, and follows them. */
export interface ServerDiscovery {
  /**
   * Yields all servers at once, and again whenever they are others. A generator with a loop that waits for news is what is meant. Once
   * `signal` is aborted nobody waits for it any more, so everything in it that waits must end by that.
   *
   * If it throws, or ends, the pool keeps the servers that it has, logs that, and calls this once more after a pause: a second first, then twice
   * as long each time, at most 30. An empty list is an answer: the pool has no server then.
   */
  servers(signal: AbortSignal): AsyncIterable<readonly DiscoveredServer[]>;
}

/** What a discovery may use. */
export interface DiscoveryDeps {
  readonly logger: Logger;
  /** The folder of the configuration, to which paths in options are relative. */
  readonly baseDirectory: string;
}

/**
 * A kind of discovery: where the servers of a pool are from, if neither the configuration nor the DNS says it. An entry of `servers` has
 * its kind as `type`.
 */
export interface DiscoveryPlugin<Options = unknown> {
  readonly provides: 'discovery';
  readonly kind: string;
  /** Any Standard Schema for the options, `type` left out. */
  readonly schema: StandardSchemaV1<unknown, Options>;
  /**
   * Makes the discovery of one entry. It must not use the network before `servers` is called, because `inband check` makes discoveries, too.
   * Every process that serves clients has its own.
   */
  create(options: Options, deps: DiscoveryDeps): ServerDiscovery;
}
