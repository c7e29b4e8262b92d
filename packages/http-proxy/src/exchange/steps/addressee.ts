import { sessionWriter } from '@inband/core';
import { ownAnswer } from '../../answers/own-answers.ts';
import type { Call, Step } from './step.ts';

/** Answers what is for the proxy itself; of everything else notes for which server it is. */
export function addressee(): Step {
  return { name: 'addressee', request: findAddressee };
}

function findAddressee(call: Call): void {
  const { context, request, session } = call;
  const answer = ownAnswer(request, context.service.mode, context.options.via);
  if (answer === undefined) sessionWriter.setTarget(session, request.authority.target);
  else call.answer(answer);
}
