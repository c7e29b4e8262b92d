import { ProxyError, type Session } from '@inband/core';
import type { PoolMember } from '../members/pool-member.ts';
import type { PoolNote } from '../members/pool-note.ts';

export interface SessionQueueOptions {
  /** The most sessions that wait at one time. */
  readonly size: () => number;
  /** Milliseconds that a session waits at most. */
  readonly timeout: number;
  /** Gives a session a server, if there is room at one that it may have. */
  readonly take: (session: Session, note: PoolNote) => PoolMember | undefined;
}

/** A session that waits for room. */
class WaitingSession {
  readonly session: Session;
  readonly note: PoolNote;
  /** When it has waited long enough, on the clock of `performance.now`. */
  readonly deadline: number;
  readonly resolve: (member: PoolMember) => void;
  readonly reject: (error: ProxyError) => void;
  readonly #gone: (waiting: WaitingSession) => void;

  constructor(
    { session, note, deadline }: Pick<WaitingSession, 'session' | 'note' | 'deadline'>,
    { resolve, reject }: Pick<WaitingSession, 'resolve' | 'reject'>,
    gone: (waiting: WaitingSession) => void,
  ) {
    this.session = session;
    this.note = note;
    this.deadline = deadline;
    this.resolve = resolve;
    this.reject = reject;
    this.#gone = gone;
    session.addEventListener('abort', this);
  }

  /** The session was aborted. */
  handleEvent(): void {
    this.#gone(this);
  }
}

/**
 * The sessions of a pool that wait for room at a server, in the order in which they came. They wait for the pool and not for one of its
 * servers, so that whichever has room takes the first of them. It has a timer only while a session waits.
 */
export class SessionQueue {
  readonly #options: SessionQueueOptions;
  readonly #waiting = new Set<WaitingSession>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(options: SessionQueueOptions) {
    this.#options = options;
  }

  /** Sessions that wait now. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Resolves with the server that the session was given. Rejects if it cannot wait, has waited too long, or is aborted. */
  wait(session: Session, note: PoolNote): Promise<PoolMember> {
    const { size, timeout } = this.#options;
    if (session.aborted) return Promise.reject(clientLeft());
    if (this.#waiting.size >= size()) return Promise.reject(isFull());
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + timeout;
      const waiting = new WaitingSession({ session, note, deadline }, { resolve, reject }, this.#gone);
      this.#waiting.add(waiting);
      this.#timer ??= setTimeout(this.#expire, timeout);
    });
  }

  /** To be called whenever there may be room. */
  serve(): void {
    for (const waiting of this.#waiting) {
      const { session, note } = waiting;
      if (note.isOver) {
        this.#gone(waiting);
        continue;
      }
      const member = this.#options.take(session, note);
      if (member !== undefined) {
        this.#remove(waiting);
        waiting.resolve(member);
      } else if (!note.hasFailures) return; // There is no room for anybody.
    }
  }

  /** Nobody is served any more. */
  close(): void {
    for (const waiting of this.#waiting) this.#gone(waiting);
  }

  readonly #gone = (waiting: WaitingSession): void => {
    this.#remove(waiting);
    waiting.reject(clientLeft());
  };

  #remove(waiting: WaitingSession): void {
    waiting.session.removeEventListener('abort', waiting);
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The first to come are the first to have waited too long. */
  readonly #expire = (): void => {
    const { timeout } = this.#options;
    this.#timer = undefined;
    for (const waiting of this.#waiting) {
      const left = waiting.deadline - performance.now();
      // `setTimeout` may fire one millisecond early.
      if (left > 1) {
        this.#timer = setTimeout(this.#expire, left);
        return;
      }
      this.#remove(waiting);
      waiting.reject(hasWaited(timeout));
    }
  };
}

/** Seconds for `Retry-After`. */
const RETRY_AFTER = 1;

function isFull(): ProxyError {
  const message = 'Every server of the pool has as many sessions as it may have, and as many wait as may.';
  return new ProxyError('connection_limit_reached', message, {
    setting: 'chainer.queue.size',
    retryAfter: RETRY_AFTER,
  });
}

function hasWaited(timeout: number): ProxyError {
  const message = `Every server of the pool has had as many sessions as it may have for ${timeout} ms.`;
  return new ProxyError('connection_limit_reached', message, {
    setting: 'chainer.queue.timeout',
    retryAfter: RETRY_AFTER,
  });
}

function clientLeft(): ProxyError {
  return new ProxyError('connection_terminated', 'The session ended while it waited for a server.', {
    fault: 'client',
  });
}
