import { NotImplementedError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { EstablishConnection } from '../network/establish-options.ts';
import type { Carrier } from '../network/through/establish-through.ts';
import type { AnswerField } from '../session/request-view.ts';
import type { ServerConnection } from '../session/server-connection.ts';
import type { SessionOutcome } from '../session/session-outcome.ts';
import type { Session } from '../session/session.ts';
import type { ChainerPool } from './chainer-pool.ts';
import type { Hedging } from './hedging.ts';
import type { RetriedFailures, ServerFailure } from './server-failure.ts';

/** Chooses the server of a session and connects to it. Seed: AbstractChainer's interface. */
export interface Chainer {
  readonly kind: string;
  /**
   * Returns a connected server connection, which the caller owns, or rejects with a {@link ProxyError} and leaves nothing
   * open. `host` and `port` are hints from the protocol: what the client asked for.
   */
  connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection>;
  /**
   * Called when the server that `connectServer` chose has failed a request after that was sent to it. Returns whether the request is to be
   * sent again; then `connectServer` is called once more for this session, with `mayReuse` false. To be returned only if `mayRepeat` is true
   * and another server is left for this session, because there is no other bound than 16 tries.
   *
   * If the next try fails before there is an answer, and this one ended by a status, the client gets the answer of this one.
   */
  serverFailed?(session: Session, failure: ServerFailure): boolean;
  /** About what else than resets `serverFailed` is called. Undefined: about nothing else. */
  readonly retriedFailures?: RetriedFailures | undefined;
  /** How requests are sent to a second server before the first has answered. Undefined: never. */
  readonly hedging?: Hedging | undefined;
  /** Called once for each session with a route to this chainer, when it has ended, whether or not `connectServer` was called. */
  sessionEnded?(session: Session, outcome: SessionOutcome): void;
  /** Whether it looks at {@link Session.request}. Others have none, because it costs something. */
  readonly looksAtRequest?: boolean;
  /** The name of a cookie that it sets by `answerFields`. Servers do not get it. */
  readonly ownCookie?: string | undefined;
  /** Called when the head of the server's final answer has come. Returns fields to add to it, or undefined. */
  answerFields?(session: Session): readonly AnswerField[] | undefined;
  /** Whether its connections to servers have TLS. Then requests for `https://` URLs may be sent on them. */
  readonly speaksTls?: boolean;
  /** The servers that it chooses from, if there is more to it than what clients ask for. The admin API shows them. */
  readonly pool?: ChainerPool;
  /**
   * Called once, when a configuration begins to be used, before its first session: for look-ups, timers and checks. Never called by
   * `inband check` and `inband explain`, which make chainers, too, so that a session may come without it.
   */
  start?(): void;
  /**
   * Its servers are proxies that get CONNECT as a request like others, on the connection that it gives: see `RequestForm.passesLogin`.
   */
  readonly relaysConnect?: boolean;
  /** Where it can connect to the servers of other chainers, as parent proxies can. */
  readonly carrier?: Carrier;
  /** Stops timers and the like, when the configuration that made the chainer is retired. */
  close?(): void;
}

/**
 * The base class of chainers. Its own `connectServer` rejects with {@link NotImplementedError}. Seed: AbstractChainer.
 */
export abstract class AbstractChainer implements Chainer {
  abstract readonly kind: string;
  /** The only way to the network, which performs the access check. */
  protected readonly establishConnection: EstablishConnection;

  constructor(establishConnection: EstablishConnection) {
    this.establishConnection = establishConnection;
  }

  connectServer(_session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    return Promise.reject(new NotImplementedError(`The chainer "${this.kind}" does not implement connectServer.`));
  }
}
