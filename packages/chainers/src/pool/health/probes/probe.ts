import {
  BeyondParentError,
  type MaybePromise,
  ownSession,
  type ServerConnection,
  type Session,
  sessionWriter,
  toProxyError,
} from '@inband/core';

/** What a probe found. `unknown`: it failed for a reason that is not the server's, for example that descriptors have run out. */
export type Finding =
  | { readonly is: 'well' }
  /** `why`: one sentence. */
  | { readonly is: 'failed' | 'unknown'; readonly why: string };

/** Connects to the server as sessions of clients do. */
export type Connect = (session: Session) => MaybePromise<ServerConnection>;

/**
 * What is asked of a server over a connection. It resolves with one sentence about what is wrong, or with undefined. It owns neither the
 * connection, which is destroyed afterwards, nor the signal.
 */
export type Ask = (server: ServerConnection, signal: AbortSignal) => Promise<string | undefined>;

const WELL: Finding = { is: 'well' };

/** One look at a server: connects, asks, and leaves nothing open. It never uses an idle connection. */
export class Probe {
  readonly #session = ownSession('check');
  readonly #timeout: number;
  #isOver = false;

  /** `timeout`: milliseconds for all of it. */
  constructor(timeout: number) {
    this.#timeout = timeout;
    this.#session.requireFreshServer();
  }

  /** To be called once. Never rejects. Without `ask` a server that accepts the connection is well. */
  async run(connect: Connect, ask: Ask | undefined): Promise<Finding> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      sessionWriter.abort(this.#session);
    }, this.#timeout);
    try {
      const why = await this.#look(connect, ask);
      if (!isLate) return why === undefined ? WELL : { is: 'failed', why };
    } catch (thrown) {
      const error = toProxyError(thrown);
      const { fault, message } = error;
      // A parent that forbids the target works.
      if (!isLate && error instanceof BeyondParentError && fault !== 'server') return WELL;
      if (!isLate) return { is: fault === 'server' && !this.#session.aborted ? 'failed' : 'unknown', why: message };
    } finally {
      this.#isOver = true;
      clearTimeout(timer);
    }
    return { is: 'failed', why: `It did not answer within ${this.#timeout} ms.` };
  }

  /** Nobody wants to know any more: `run` resolves soon with `unknown`. */
  cancel(): void {
    if (!this.#isOver) sessionWriter.abort(this.#session);
  }

  async #look(connect: Connect, ask: Ask | undefined): Promise<string | undefined> {
    const session = this.#session;
    const server = await connect(session);
    try {
      return await ask?.(server, session.signal);
    } finally {
      server.destroy();
    }
  }
}
