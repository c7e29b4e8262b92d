import { AdminError } from '@inband/admin';
import type { Answers, Outcome, ProcessAnswer } from './process-question.ts';

/** The outcome of one process; undefined if it did not answer in time. */
export interface ProcessOutcome {
  readonly worker: number;
  readonly outcome: Outcome | undefined;
}

/** Parts those that answered from those that did not. Throws the problem if every process that answered has one. */
export function answersOf(outcomes: readonly ProcessOutcome[]): Answers {
  const answers: ProcessAnswer<unknown>[] = [];
  const missing: number[] = [];
  let failed: AdminError | undefined;
  for (const { worker, outcome } of outcomes) {
    if (outcome !== undefined && 'answer' in outcome) answers.push({ worker, answer: outcome.answer });
    else missing.push(worker);
    if (outcome !== undefined && 'problem' in outcome) failed ??= new AdminError(outcome.problem);
  }
  if (answers.length === 0 && failed !== undefined) throw failed;
  return { answers, missing };
}
