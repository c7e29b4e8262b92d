import { AdminError, type Problem } from '@inband/admin';
import { describeFailure } from '../../log/describe-failure.ts';
import { certificates } from './certificates.ts';
import { explainRequest } from './explain.ts';
import { generations } from './generations.ts';
import { log } from './log.ts';
import { orderServer, pools, takeOrders } from './pools.ts';
import type { AskedProcess, Outcome, ProcessQuestion } from './process-question.ts';

import { denials, errors } from './recent.ts';
import { endSession, session, sessions } from './sessions.ts';
import { unreadyPools } from './unready-pools.ts';

/** Every question that processes answer, by its name in `Questions` of `@inband/admin`. */
export const processQuestions = {
  certificates,
  generations,
  explain: explainRequest,
  sessions,
  session,
  'end-session': endSession,
  pools,
  'order-server': orderServer,
  'take-orders': takeOrders,
  denials,
  errors,
  log,
  'unready-pools': unreadyPools,
};

// oxlint-disable-next-line typescript/no-explicit-any -- each has its own argument, which its endpoint has checked
type AnyQuestion = ProcessQuestion<any, any, unknown>;

/** The question of this name. */
export function questionNamed(name: string): AnyQuestion | undefined {
  const all: Readonly<Record<string, AnyQuestion>> = processQuestions;
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

/** Answers for this process. Never rejects. */
export async function answerHere(asked: AskedProcess, name: string, argument: unknown): Promise<Outcome> {
  try {
    const question = questionNamed(name);
    if (question === undefined) throw new Error(`There is no question "${name}".`);
    const answer: unknown = await question.answer(asked, argument);
    return { answer };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/** What of an error goes to whoever asked. */
export function problemOf(error: unknown): Problem {
  if (error instanceof AdminError) return error.problem;
  return { status: 500, title: 'The proxy cannot answer', detail: describeFailure(error) };
}
