import type { AskedBy, Problem } from '@inband/admin';
import { ConfigError } from '../config/problem/problem.ts';
import type { AdminOwner } from './owner.ts';
import type { Outcome } from './questions/process-question.ts';
import { problemOf, questionNamed } from './questions/process-questions.ts';

/** What the owner answers itself, without its processes. */
const OF_OWNER: Readonly<Record<string, (owner: AdminOwner, argument: AskedBy) => unknown>> = {
  health: (owner) => owner.health(),
  reload: (owner, { by }) => owner.reload(by),
  drain: (owner, { by }) => owner.drain(by),
};

/** Answers what the admin API asks: from the owner, or from all processes that serve clients. */
export class AdminHost {
  readonly #owner: AdminOwner;

  constructor(owner: AdminOwner) {
    this.#owner = owner;
  }

  /** Never rejects. */
  async answer(question: string, argument: unknown): Promise<Outcome> {
    try {
      const own = Object.hasOwn(OF_OWNER, question) ? OF_OWNER[question] : undefined;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the endpoint says who asks
      if (own !== undefined) return { answer: await own(this.#owner, argument as AskedBy) };
      const answers = await this.#owner.askAll(question, argument);
      return { answer: questionNamed(question)?.merge(answers, argument) };
    } catch (error) {
      return { problem: error instanceof ConfigError ? refused(error) : problemOf(error) };
    }
  }
}

function refused({ problems, placed }: ConfigError): Problem {
  const [first] = placed;
  return {
    status: 422,
    title: 'The configuration is refused; nothing has changed',
    ...(first !== undefined && { detail: first.message }),
    ...(first?.path !== undefined && { setting: first.path }),
    problems,
  };
}
