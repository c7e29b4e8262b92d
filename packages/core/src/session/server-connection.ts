import type { SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import type { ProxyError } from '../base/errors.ts';
import type { ServerTlsFacts } from './server-tls-facts.ts';

/**
 * How HTTP requests are written to another proxy, which sends them on (RFC 9112 section 3.2.2): with the whole URL, and with a login.
 * Connections with the same `id` are interchangeable. It is asked about sessions only to tell them apart.
 */
export interface RequestForm {
  readonly id: string;
  /** Whether `credentials` depends on the URL. */
  readonly signsUrl: boolean;
  /**
   * The client's own login goes to the other proxy, and what that says of it to the client. Then CONNECT is a request like others, and
   * neither `credentials` nor `challenged` is asked about requests, but only about tunnels.
   */
  readonly passesLogin?: boolean;
  /** Makes ready what `credentials` returns for a session, where that takes time. Rejects with a {@link ProxyError}. */
  prepare?(session: object): Promise<void>;
  /** The value of `Proxy-Authorization` for a request; `url` is empty unless `signsUrl` is set. Undefined: none is sent. */
  credentials(session: object, method: string, url: string): string | undefined;
  /**
   * The other proxy has answered 407, with these values of `Proxy-Authenticate`. Undefined: the request may be sent once more, on another
   * connection, because there are other credentials now. Else the error for our client, who never sees the challenge.
   */
  challenged(session: object, challenges: readonly string[]): ProxyError | undefined;
}

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
  /** Of one to another proxy, which sends on the requests that it gets: how they are written. */
  readonly requestForm?: RequestForm | undefined;
  /** It leads through `remote` to another server, about which policy is asked by whoever asks for such a connection. */
  readonly leadsOn?: boolean;
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
