import type { ChainerPool, PoolExplanation, Session } from '@inband/core';
import type { Step } from '@inband/http-proxy';

/** Looks at the servers that a request is about to choose from: before the step `connect`, which tries them one after the other. */
export class ExplainedPick {
  readonly #poolOf: (chainer: object) => ChainerPool | undefined;
  #session: Session | undefined = undefined;
  #explanation: PoolExplanation | undefined = undefined;

  constructor(poolOf: (chainer: object) => ChainerPool | undefined) {
    this.#poolOf = poolOf;
  }

  /** Undefined where the route has no pool. Names of servers that were not known before may be known afterwards. */
  get explanation(): PoolExplanation | undefined {
    return this.#explanation ?? this.#explain();
  }

  readonly watch = (step: Step): Step => {
    if (step.name !== 'connect') return step;
    return {
      ...step,
      request: (call) => {
        this.#session = call.session;
        this.#explanation = this.#explain();
        return step.request(call);
      },
    };
  };

  #explain(): PoolExplanation | undefined {
    const chainer = this.#session?.route?.chainer;
    if (this.#session === undefined || chainer === undefined) return undefined;
    return this.#poolOf(chainer)?.explain?.(this.#session);
  }
}
