/** Questions to a process that are open, each with a number. */
export class AwaitedAnswers<Answer> {
  readonly #open = new Map<number, (answer: Answer | undefined) => void>();
  #last = 0;

  /** Sends a question. Resolves with undefined if there is no answer within `limit` milliseconds, or none comes any more. */
  async ask(limit: number, send: (number: number) => void): Promise<Answer | undefined> {
    const number = (this.#last += 1);
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    const timer = setTimeout(() => resolve(undefined), limit);
    this.#open.set(number, resolve);
    try {
      send(number);
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#open.delete(number);
    }
  }

  /** The answer to a question has come. Nothing happens if nobody waits for it any more. */
  answered(number: number, answer: Answer): void {
    this.#open.get(number)?.(answer);
  }

  /** The process has ended. */
  end(): void {
    for (const settle of this.#open.values()) settle(undefined);
  }
}
