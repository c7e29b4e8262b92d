import { isPromise, type MaybePromise } from '@inband/core';
import type { Call, Step } from '@inband/http-proxy';

/** What a step says of the request: the last one that did not pass decided. */
export type StepOutcome = 'passes' | 'answers' | 'refuses' | 'waits' | 'not reached';

/** One step of the service, as far as the request came. */
export interface ExplainedStep {
  readonly name: string;
  readonly outcome: StepOutcome;
}

/** Looks on while one request goes through the steps of a service: the very list that it would go through when it is served. */
export class WatchedSteps {
  readonly #outcomes = new Map<string, StepOutcome>();
  /** What the server is sent in place of what was asked for: `/v1/users at api.internal`. Undefined where that is the same. */
  rewritten: string | undefined = undefined;

  /** The steps of the service in their order. */
  get all(): readonly ExplainedStep[] {
    return Array.from(this.#outcomes, ([name, outcome]) => ({ name, outcome }));
  }

  readonly watch = (step: Step): Step => {
    const { name } = step;
    this.#outcomes.set(name, 'not reached');
    return { ...step, request: (call) => this.#run(step, call) };
  };

  #run({ name, request }: Step, call: Call): MaybePromise<void> {
    this.#outcomes.set(name, 'refuses');
    const result = request(call);
    if (!isPromise(result)) return this.#passed(name, call);
    this.#outcomes.set(name, 'waits');
    return result.then(
      () => this.#passed(name, call),
      (error: unknown) => {
        this.#outcomes.set(name, 'refuses');
        throw error;
      },
    );
  }

  #passed(name: string, call: Call): void {
    this.#outcomes.set(name, call.isOver ? 'answers' : 'passes');
    const { rewritten } = call.request;
    if (rewritten === undefined) return;
    const { path, host } = rewritten;
    this.rewritten = `${path?.toString() ?? 'the same path'}${host === undefined ? '' : ` at ${host.toString()}`}`;
  }
}
