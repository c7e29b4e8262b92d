import { type AnswerRequest, compileAnswer } from '../../../answers/route-answers.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Step } from '../step.ts';

/** Answers what the configuration answers by itself: `respond` and `redirect` of routes. */
export function answerByRoute({ routeAnswers }: Pick<HttpContext, 'routeAnswers'>): Step | undefined {
  if (routeAnswers === undefined) return undefined;
  const answers = new Map<string, AnswerRequest>(
    Object.entries(routeAnswers).map(([name, answer]) => [name, compileAnswer(name, answer)]),
  );
  return {
    name: 'answer-by-route',
    request(call) {
      const { route } = call;
      const answer = route && answers.get(route.name);
      if (answer !== undefined) call.answer(answer(call));
    },
  };
}
