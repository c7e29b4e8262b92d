import type { LogLevel, ProxyState, QuestionName } from '../src/base/state.ts';

/** A proxy that answers as it is told, and remembers what it was asked. */
export class ScriptedState implements ProxyState {
  readonly asked: { readonly question: QuestionName; readonly argument: unknown }[] = [];
  readonly lines: { readonly level: LogLevel; readonly fields: object; readonly message: string }[] = [];
  /** An error is thrown. */
  readonly answers: Partial<Record<QuestionName, unknown>>;

  constructor(answers: Partial<Record<QuestionName, unknown>> = {}) {
    this.answers = answers;
  }

  async ask(question: QuestionName, argument: unknown): Promise<never> {
    this.asked.push({ question, argument });
    const answer = this.answers[question];
    if (answer instanceof Error) throw answer;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test gives answers of any kind
    return answer as never;
  }

  log(level: LogLevel, fields: object, message: string): void {
    this.lines.push({ level, fields, message });
  }
}
