import { StoreError, StoreUnavailable } from '../base/errors.ts';

/**
 * Calls that the backend has at the same time. A machine with thousands of clients may make as many at once, which take longer than the deadline that each
 * of them has, and the store would look as if it did not answer.
 */
const MOST_AT_ONCE = 128;

/** Milliseconds by which a timer is late where something else kept this process from running. */
const LATE = 1;

/** Calls that wait for an answer. Each of them ends within the deadline, and all at once when the store is closed. */
export class Calls {
  readonly #deadline: number;
  /** What ends each call before its time. */
  readonly #waiting = new Set<(error: StoreError) => void>();
  /** What lets each call begin whose turn has not come, the oldest first. */
  readonly #queue = new Set<() => void>();
  #made = 0;

  constructor(deadline: number) {
    this.#deadline = deadline;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Makes a call. An answer that comes too late is dropped, and so is its error. */
  async make<T>(call: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const turn = this.#queued();
    const begun = performance.now();
    let immediate: NodeJS.Immediate | undefined;
    const end = (): void => late.reject(turn === undefined ? timedOut(this.#deadline) : busy());
    const timer = setTimeout(() => {
      // After a pause of this process the answer may be there, but timers are before sockets in an event-loop iteration.
      if (performance.now() - begun > this.#deadline + LATE) immediate = setImmediate(end);
      else end();
    }, this.#deadline);
    this.#waiting.add(late.reject);
    try {
      if (turn !== undefined) await Promise.race([turn.promise, late.promise]);
      return await Promise.race([started(call), late.promise]);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      clearTimeout(timer);
      clearImmediate(immediate);
      this.#waiting.delete(late.reject);
      const isLeft = turn !== undefined && this.#queue.delete(turn.resolve);
      if (!isLeft) this.#passOn();
    }
  }

  /** Ends all that wait. */
  end(error: StoreError): void {
    for (const fail of this.#waiting) fail(error);
  }

  /** Undefined where a call may begin now. */
  #queued(): PromiseWithResolvers<void> | undefined {
    if (this.#made < MOST_AT_ONCE) {
      this.#made += 1;
      return undefined;
    }
    const turn = Promise.withResolvers<void>();
    this.#queue.add(turn.resolve);
    return turn;
  }

  /** A call has ended: the next one begins in its place. */
  #passOn(): void {
    const [begin] = this.#queue;
    if (begin === undefined) {
      this.#made -= 1;
      return;
    }
    this.#queue.delete(begin);
    begin();
  }
}

function timedOut(deadline: number): StoreUnavailable {
  return new StoreUnavailable('timeout', `The store has not answered within ${deadline} ms.`);
}

function busy(): StoreUnavailable {
  return new StoreUnavailable(
    'busy',
    `Of this process, the store has ${MOST_AT_ONCE} calls to answer before this one.`,
  );
}

async function started<T>(call: () => Promise<T>): Promise<T> {
  return await call();
}

function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreUnavailable('refused', error instanceof Error ? error.message : String(error), error);
}
