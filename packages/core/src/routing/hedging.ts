import type { Session } from '../session/session.ts';

/**
 * How a chainer has a request sent to a second server before the first has answered, so that one slow server does not make its clients
 * wait. Only GET and HEAD without a body are, once each. The first final answer is the client's, and the other server connection is destroyed.
 */
export interface Hedging {
  /** Milliseconds without a byte of an answer after which the second server is asked. Undefined while that is not known. */
  readonly delay: number | undefined;
  /**
   * Whether `beside` is to be connected to a server, other than that of `session`. Then `connectServer` is called for it. `sessionEnded` is
   * called for both sessions.
   */
  begin(session: Session, beside: Session): boolean;
  /** The server of `beside` has answered first, or that of `session` has failed: it is that of `session` from now on, and the other way round. */
  won(session: Session, beside: Session): void;
}
