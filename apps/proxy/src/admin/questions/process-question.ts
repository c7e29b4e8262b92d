import type { Problem } from '@inband/admin';
import type { Running } from '../../run/running.ts';

/** A process that serves clients, as its answers need it. */
export interface AskedProcess {
  readonly running: Running;
}

/** The answer of one process. */
export interface ProcessAnswer<Answer> {
  /** Its number; 0 where there is one process. */
  readonly worker: number;
  readonly answer: Answer;
}

/** What the processes answer. */
export interface Answers<Answer = unknown> {
  readonly answers: readonly ProcessAnswer<Answer>[];
  /** The numbers of those that did not answer in time. */
  readonly missing: readonly number[];
}

/** A question that each process answers for itself, and how the answers become one. All of them are plain JSON. */
export interface ProcessQuestion<Argument, Answer, Merged> {
  /** Throws an `AdminError` for what is asked wrongly. It should not take long, because clients wait meanwhile. */
  answer(asked: AskedProcess, argument: Argument): Answer | Promise<Answer>;
  merge(answers: Answers<Answer>, argument: Argument): Merged;
}

/** What became of a question in one process. */
export type Outcome = { readonly answer: unknown } | { readonly problem: Problem };
