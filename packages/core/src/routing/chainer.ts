import { NotImplementedError, type ProxyError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { EstablishConnection } from '../network/establish-options.ts';
import type { ServerConnection } from '../session/server-connection.ts';
import type { Session } from '../session/session.ts';

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
