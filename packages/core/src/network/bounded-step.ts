import type { SockAddr } from '../base/address.ts';
import { cancelled, isAborted, type Cancellation } from '../base/cancellation.ts';
import type { ProxyError } from '../base/errors.ts';

/** Something that is done to reach a server, and takes time. An object, because a dial would need a closure for each of these. */
export interface Step<Result> {
  /** Starts the step, which tells its end by `end` later, never from within. */
  begin(end: StepEnd<Result>): void;
  /** Drops the step, because it is cancelled or its time is up. One that is cancelled before it began is dropped, too. */
  drop(reason: ProxyError): void;
  /** Starts the timeout of the step, which calls `StepEnd.expired`. */
  startTimer(): void;
  stopTimer(): void;
  /** The error when the time is up. */
  timeUp(): ProxyError;
}

/** How a step ends. */
export interface StepEnd<Result> {
  /** Returns false when the step was dropped before: then the result is still the caller's. */
  done(result: Result): boolean;
  failed(error: Error): void;
  /** The time is up. */
  expired(): void;
}

/**
 * The bridge from events to a promise for whatever is done to reach a server. Any of `signals` cancels the step; `remote` is for that
 * error. However the step ends, its timer is stopped, the signals' listeners are removed, and the promise settles once.
 */
export function boundedStep<Result>(
  remote: SockAddr,
  signals: readonly Cancellation[],
  step: Step<Result>,
): Promise<Result> {
  if (signals.some(isAborted)) {
    const error = cancelled(remote);
    // It may own a connection already.
    step.drop(error);
    return Promise.reject(error);
  }
  // Not by `new Promise`, because that takes a closure.
  const settling = Promise.withResolvers<Result>();
  try {
    new BoundedStep(remote, signals, step, settling).begin();
  } catch (error) {
    settling.reject(error);
  }
  return settling.promise;
}

class BoundedStep<Result> implements StepEnd<Result> {
  readonly #remote: SockAddr;
  readonly #signals: readonly Cancellation[];
  readonly #step: Step<Result>;
  readonly #settling: PromiseWithResolvers<Result>;
  #isOver = false;

  constructor(
    remote: SockAddr,
    signals: readonly Cancellation[],
    step: Step<Result>,
    settling: PromiseWithResolvers<Result>,
  ) {
    this.#remote = remote;
    this.#signals = signals;
    this.#step = step;
    this.#settling = settling;
  }

  begin(): void {
    this.#step.begin(this);
    this.#step.startTimer();
    for (const signal of this.#signals) signal.addEventListener('abort', this);
    // A signal that was aborted while the step began.
    if (this.#signals.some(isAborted)) this.handleEvent();
  }

  /** One of the signals is aborted. */
  handleEvent(): void {
    this.#giveUp(cancelled(this.#remote));
  }

  done(result: Result): boolean {
    const isFirst = this.#end();
    if (isFirst) this.#settling.resolve(result);
    return isFirst;
  }

  failed(error: Error): void {
    if (this.#end()) this.#settling.reject(error);
  }

  expired(): void {
    this.#giveUp(this.#step.timeUp());
  }

  #giveUp(error: ProxyError): void {
    if (!this.#end()) return;
    this.#step.drop(error);
    this.#settling.reject(error);
  }

  /** Returns false when it had ended before. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#step.stopTimer();
    for (const signal of this.#signals) signal.removeEventListener('abort', this);
    return true;
  }
}
