import type { ServiceLimits } from '@inband/core';

/** Requests that wait for their turn, each for a time of its own. Their number is bounded by the limits. */
export class Pauses {
  readonly #limits: ServiceLimits;
  readonly #running = new Map<NodeJS.Timeout, () => void>();

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
  }

  /** Resolves after so many milliseconds, or when the proxy is closed. */
  wait(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#limits.waits();
    const timer = setTimeout(() => this.#end(timer), milliseconds);
    this.#running.set(timer, resolve);
    return promise;
  }

  #end(timer: NodeJS.Timeout): void {
    const resolve = this.#running.get(timer);
    this.#running.delete(timer);
    this.#limits.waited();
    resolve?.();
  }

  close(): void {
    for (const timer of this.#running.keys()) {
      clearTimeout(timer);
      this.#end(timer);
    }
  }
}
