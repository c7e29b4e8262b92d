import { ProxyError, type Session, toProxyError } from '@inband/core';

/** Milliseconds until the next look after the first failure, and at most: twice as long after each. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/** The pause after so many failures in a row, in milliseconds. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures - 1, 16));
}

export interface RenewalDeps {
  /** Looks once. Resolves with the milliseconds until the next look. */
  readonly look: (signal: AbortSignal) => Promise<number>;
  /** The first of several failures. */
  readonly failing: (error: ProxyError) => void;
  /** The first success after failures. */
  readonly healed: () => void;
}

/** Looks for something again and again, with growing pauses while that fails. There is one look or one timer at a time. */
export class Renewal {
  readonly #deps: RenewalDeps;
  readonly #closing = new AbortController();
  #looking: Promise<void> | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #failures = 0;

  constructor(deps: RenewalDeps) {
    this.#deps = deps;
  }

  /** Looks now, unless a look is on its way. */
  start(): void {
    this.#now().catch(ignored);
  }

  /** Waits for a look, which begins now unless one is on its way. Rejects with its failure, and when the session is aborted. */
  wait(session: Session): Promise<void> {
    return forSession(session, this.#now());
  }

  /** Resolves when the look that is on its way has ended. */
  async looked(): Promise<void> {
    await this.#looking?.catch(ignored);
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  #now(): Promise<void> {
    clearTimeout(this.#timer);
    return (this.#looking ??= this.#look());
  }

  async #look(): Promise<void> {
    const { signal } = this.#closing;
    try {
      this.#again(await this.#deps.look(signal));
      if (this.#failures > 0 && !signal.aborted) this.#deps.healed();
      this.#failures = 0;
    } catch (cause) {
      const error = toProxyError(cause);
      if (signal.aborted) throw error;
      this.#failures += 1;
      this.#again(pauseAfter(this.#failures));
      if (this.#failures === 1) this.#deps.failing(error);
      throw error;
    } finally {
      this.#looking = undefined;
    }
  }

  #again(pause: number): void {
    if (this.#closing.signal.aborted) return;
    // The timer does not keep the process running.
    this.#timer = setTimeout(() => this.start(), pause).unref();
  }
}

/** Settles with `promise`, or rejects when the session is aborted first. */
export function forSession(session: Session, promise: Promise<void>): Promise<void> {
  if (session.aborted) return Promise.reject(gone());
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(gone());
    session.addEventListener('abort', onAbort);
    void promise.then(resolve, reject).finally(() => session.removeEventListener('abort', onAbort));
  });
}

function gone(): ProxyError {
  return new ProxyError('connection_terminated', 'The session has ended.');
}

function ignored(): void {
  // `failing` was told.
}
