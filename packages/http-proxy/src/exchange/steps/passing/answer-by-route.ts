import { type AnswerRequest, compileAnswer } from '../../../answers/route-answers.ts';
import type { FieldSource, SourcedValue } from '../../../fields/field-rules.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Step } from '../step.ts';

/** Answers what the configuration answers by itself: `respond` and `redirect` of routes. Owns the files that their fields name. */
export function answerByRoute({
  routeAnswers,
  openFieldSource,
}: Pick<HttpContext, 'routeAnswers' | 'openFieldSource'>): Step | undefined {
  if (routeAnswers === undefined) return undefined;
  const opened: SourcedValue[] = [];
  const open = (source: FieldSource): SourcedValue => {
    const value = openFieldSource(source);
    opened.push(value);
    return value;
  };
  const answers = new Map<string, AnswerRequest>(
    Object.entries(routeAnswers).map(([name, answer]) => [name, compileAnswer(name, answer, open)]),
  );
  return {
    name: 'answer-by-route',
    request(call) {
      const { route } = call;
      const answer = route && answers.get(route.name);
      if (answer !== undefined) call.answer(answer(call));
    },
    close() {
      for (const value of opened) value.close();
    },
  };
}
