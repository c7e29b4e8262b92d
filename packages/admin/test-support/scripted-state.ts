import type { LogLevel, MetricsText, ProxyState, QuestionName } from '../src/base/state.ts';
import { EXAMPLE, type Stats } from '../src/schemas/stats.ts';

/** A proxy that answers as it is told, and remembers what it was asked. */
export class ScriptedState implements ProxyState {
  readonly asked: { readonly question: QuestionName; readonly argument: unknown }[] = [];
  readonly lines: { readonly level: LogLevel; readonly fields: object; readonly message: string }[] = [];
  /** An error is thrown. */
  readonly answers: Partial<Record<QuestionName, unknown>>;

  /** An error is thrown. */
  statistics: Stats | Error = EXAMPLE;

  constructor(answers: Partial<Record<QuestionName, unknown>> = {}) {
    this.answers = { 'wrong-login': { failures: undefined }, ...answers };
  }

  async ask(question: QuestionName, argument: unknown): Promise<never> {
    this.asked.push({ question, argument });
    const answer = this.answers[question];
    if (answer instanceof Error) throw answer;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test gives answers of any kind
    return answer as never;
  }

  metrics(accept: string | undefined): MetricsText {
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', body: `# asked for ${accept}\n` };
  }

  stats(): Stats {
    const answer = this.statistics;
    if (answer instanceof Error) throw answer;
    return answer;
  }

  log(level: LogLevel, fields: object, message: string): void {
    this.lines.push({ level, fields, message });
  }
}
