import type { AskedProcess, Outcome } from './questions/process-question.ts';

type Answer = (asked: AskedProcess, name: string, argument: unknown) => Promise<Outcome>;

/**
 * Answers for a process. What answers is loaded with the first question. From then on an answer begins within the call, so that `Pace`
 * counts what it takes.
 */
export class LazyAnswers {
  #answer: Answer | undefined = undefined;

  /** Never rejects. */
  async answer(asked: AskedProcess, name: string, argument: unknown): Promise<Outcome> {
    this.#answer ??= (await import('./questions/process-questions.ts')).answerHere;
    return this.#answer(asked, name, argument);
  }
}
