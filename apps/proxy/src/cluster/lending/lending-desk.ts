import type { LendAnswer, NumberedAnswer, NumberedCall } from './lend-messages.ts';
import type { MachineLender } from './machine-lender.ts';

/** Answers the calls of one worker, in the supervisor. All answers of one event-loop iteration are one message. */
export class LendingDesk {
  readonly #lender: MachineLender;
  readonly #send: (answers: readonly NumberedAnswer[]) => void;
  #unsent: NumberedAnswer[] = [];

  constructor(lender: MachineLender, send: (answers: readonly NumberedAnswer[]) => void) {
    this.#lender = lender;
    this.#send = send;
  }

  take(calls: readonly NumberedCall[]): void {
    for (const call of calls) void this.#answer(call);
  }

  /** The worker has ended. */
  end(): void {
    void this.#lender.end();
  }

  async #answer(call: NumberedCall): Promise<void> {
    const answer = await this.#ask(call);
    if (this.#unsent.length === 0) setImmediate(() => this.#flush());
    this.#unsent.push({ call: call.call, answer });
  }

  #ask(call: NumberedCall): Promise<LendAnswer> {
    const { is } = call;
    if (is === 'lease') return this.#lender.lease(call.bucket, call.rate, call.owed, call.wanted);
    if (is === 'hold') return this.#lender.hold(call.key, call.most, call.held, call.wanted);
    return this.#lender.count(call.key, call.most, call.used, call.wanted, call.of);
  }

  #flush(): void {
    const answers = this.#unsent;
    this.#unsent = [];
    this.#send(answers);
  }
}
