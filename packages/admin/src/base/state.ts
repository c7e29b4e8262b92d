import type { Generations } from '../schemas/generations.ts';
import type { Health } from '../schemas/health.ts';
import type { Draining, Reloaded } from '../schemas/operations.ts';

/** What the admin API asks the proxy, by the name of the question: what goes with it, and the answer. All of it is plain JSON. */
export interface Questions {
  readonly health: { readonly argument: undefined; readonly answer: Health };
  readonly reload: { readonly argument: AskedBy; readonly answer: Reloaded };
  readonly drain: { readonly argument: AskedBy; readonly answer: Draining };
  readonly generations: { readonly argument: undefined; readonly answer: Generations };
}

export type QuestionName = keyof Questions;

/** Who asks for something that is logged. */
export interface AskedBy {
  readonly by: string;
}

/** Severities of {@link ProxyState.log}. */
export type LogLevel = 'info' | 'warn' | 'error';

/** The proxy, as this package knows it. */
export interface ProxyState {
  /** Rejects with an `AdminError` that says why there is no answer. Every question has a bound. */
  ask<Name extends QuestionName>(
    question: Name,
    argument: Questions[Name]['argument'],
  ): Promise<Questions[Name]['answer']>;
  /** Writes a line of the proxy's log. */
  log(level: LogLevel, fields: object, message: string): void;
}
