import { wholeBodies } from '@inband/core';
import type { BodyCall } from './body-call.ts';
import { SeenAnswer } from './seen-answer.ts';
import { SeenRequest } from './seen-request.ts';

/** The bodies of one exchange, where a step looks at them or changes them. Made for those exchanges only. */
export class ExchangeBodies {
  readonly request: SeenRequest;
  readonly answer: SeenAnswer;
  /** Bytes of bodies that were read whole. */
  #kept = 0;
  #isClosed = false;

  constructor(call: BodyCall) {
    const keep = (bytes: number): void => this.#keep(bytes);
    this.request = new SeenRequest(call, keep);
    this.answer = new SeenAnswer(call, keep);
  }

  #keep(bytes: number): void {
    if (this.#isClosed) return;
    this.#kept += bytes;
    wholeBodies.add(bytes);
  }

  close(): void {
    this.#isClosed = true;
    wholeBodies.add(-this.#kept);
    this.#kept = 0;
    this.request.close();
    this.answer.close();
  }
}
