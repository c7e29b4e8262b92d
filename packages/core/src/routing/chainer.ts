import type { SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import { NotImplementedError, type ProxyError } from '../base/errors.ts';
import type { Session } from '../session/session.ts';

/** A value, or a promise of it: the fast path (an idle connection, a cached name) costs no promise. */
export type MaybePromise<T> = T | Promise<T>;

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}

/**
 * A connected server connection. Whoever holds it owns it, and gives it back exactly once: by `release` when the
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
  /**
   * Hands it to the pool for reuse. Must have nothing outstanding in either direction. `keepFor` is for how many
   * milliseconds the server said that it keeps it.
   */
  release(keepFor?: number): void;
  destroy(error?: Error): void;
}

/**
 * Another protocol between the transport's connection and the owner's (TLS), as a connection over a connection.
 * `id` names everything that makes two layered connections interchangeable; it is part of the pool's key.
 */
export interface ConnectionLayer {
  readonly id: string;
  /** Takes over `connection`. On failure it destroys it, then rejects with a ProxyError. */
  wrap(connection: Connection, session: Session): Promise<Connection>;
}

export interface EstablishOptions {
  /**
   * Use the client's address as the outgoing one. Excludes `local`. Connections are then reused for that client alone. Only
   * with a transport that can (`Transport.transparentProblem`).
   */
  readonly forgeAddr?: boolean;
  /** Runs over the connection, for example TLS. */
  readonly tls?: ConnectionLayer;
  /** Milliseconds for the dial, layer included. */
  readonly connectTimeout?: number;
  /** False: never an idle pooled connection. */
  readonly reuse?: boolean;
  /** Cancels the attempt: it rejects, and nothing stays open. The session's own signal is always heeded. */
  readonly signal?: AbortSignal;
}

/**
 * The only way to the network. Always in this order: translates `remote` as the service's `nat` says, checks the result
 * against its policy ({@link AccessDeniedError}, nothing is dialled), reuses an idle connection to the same (local, remote,
 * TLS), dials.
 * Never throws; it rejects with a {@link ProxyError}, and then nothing is left open.
 * Seed: AbstractChainer.establishConnection, which raises DACException.
 */
export type EstablishConnection = (
  session: Session,
  local: SockAddr | undefined,
  remote: SockAddr,
  how?: EstablishOptions,
) => MaybePromise<ServerConnection>;

/** Seed: AbstractChainer's interface. Decides where a session's server is, and connects there. */
export interface Chainer {
  readonly kind: string;
  /**
   * Gives a connected server connection that the caller now owns, or rejects with a {@link ProxyError} and leaves
   * nothing open. `host` and `port` are hints from the protocol: what the client asked for.
   */
  connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection>;
  /**
   * The server that `connectServer` found for this session accepted the connection and closed it without a byte of an
   * answer. The chainer may remember that. Returns whether another server can be tried: then `connectServer` is called
   * once more for this session if the request may be sent again. It must end: a server is tried at most once a session.
   */
  serverFailed?(session: Session, error: ProxyError): boolean;
  /** Lets go of timers and the like, when the configuration that made the chainer is retired. */
  close?(): void;
}

/**
 * Seed: AbstractChainer. A base to derive chainers from; its own `connectServer` rejects with
 * {@link NotImplementedError}.
 */
export abstract class AbstractChainer implements Chainer {
  abstract readonly kind: string;
  /** The way to the network that this chainer was handed; performs the access check. */
  protected readonly establishConnection: EstablishConnection;

  constructor(establishConnection: EstablishConnection) {
    this.establishConnection = establishConnection;
  }

  connectServer(_session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    return Promise.reject(new NotImplementedError(`The chainer "${this.kind}" does not implement connectServer.`));
  }
}
