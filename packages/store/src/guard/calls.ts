import { StoreError, StoreUnavailable } from '../base/errors.ts';

/** Calls that wait for an answer. Each of them ends within the deadline, and all at once when the store is closed. */
export class Calls {
  readonly #deadline: number;
  /** What ends each call before its time. */
  readonly #waiting = new Set<(error: StoreError) => void>();

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
    const timer = setTimeout(() => {
      late.reject(new StoreUnavailable('timeout', `The store has not answered within ${this.#deadline} ms.`));
    }, this.#deadline);
    this.#waiting.add(late.reject);
    try {
      return await Promise.race([started(call), late.promise]);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(late.reject);
    }
  }

  /** Ends all that wait. */
  end(error: StoreError): void {
    for (const fail of this.#waiting) fail(error);
  }
}

async function started<T>(call: () => Promise<T>): Promise<T> {
  return await call();
}

function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreUnavailable('refused', error instanceof Error ? error.message : String(error), error);
}
