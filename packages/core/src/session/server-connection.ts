import type { SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import type { ServerTlsFacts } from './server-tls-facts.ts';

/**
 * A connected server connection. Whoever acquired it owns it, and gives it up exactly once: by `release` when the
 * protocol left it clean for another session, else by `destroy`.
 */
export interface ServerConnection {
  /** Its handler is the owner's to set; it is resumed by the owner. */
  readonly connection: Connection;
  readonly remote: SockAddr;
  readonly local: SockAddr;
  /** Whether it served another session before: then the server may have closed it in the meantime. */
  readonly reused: boolean;
  /** There is no other in its place: it was picked up from the proxy around this one, which has connected once. */
  readonly irreplaceable?: boolean;
  /** Whether it goes back to the same client connection on its release, and to no other. */
  readonly belongsToClient?: boolean;
  /** Of one that a pool made: its number in messages of diagnostics. */
  readonly id?: number | undefined;
  /** Of one that a pool made: what it shares with those that are interchangeable with it. */
  readonly key?: string | undefined;
  /** Of one over TLS. */
  readonly tls?: ServerTlsFacts | undefined;
  /**
   * Hands it to the pool for reuse. Must have nothing outstanding in either direction. `keepFor` is for how many
   * milliseconds the server said that it keeps it.
   */
  release(keepFor?: number): void;
  /** Closes it now. With an `error` the server gets a reset where the transport can send one, as from `Connection.destroy`. */
  destroy(error?: Error): void;
}
