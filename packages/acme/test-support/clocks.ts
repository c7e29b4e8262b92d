import { closedError } from '../src/base/acme-error.ts';
import type { Clock } from '../src/base/clock.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = START;
  #sleepers: Sleeper[] = [];

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { until: this.#now + milliseconds, wake: resolve };
    const leave = (): void => {
      this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
      reject(closedError());
    };
    if (signal.aborted) reject(closedError());
    else this.#sleepers.push(sleeper);
    signal.addEventListener('abort', leave, { once: true });
    return promise;
  }

  /** Wakes whoever has slept long enough by then. */
  moveTo(time: number): void {
    this.#now = time;
    const due = this.#sleepers.filter(({ until }) => until <= time);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > time);
    for (const { wake } of due) wake();
  }

  move(milliseconds: number): void {
    this.moveTo(this.#now + milliseconds);
  }
}

/** A clock on which every wait is over at once, and remembered. */
export class InstantClock implements Clock {
  #now = START;
  readonly waits: number[] = [];

  now(): number {
    return this.#now;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw closedError();
    this.waits.push(milliseconds);
    this.#now += milliseconds;
  }
}
