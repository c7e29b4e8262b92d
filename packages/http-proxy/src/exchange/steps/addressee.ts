import { sessionWriter } from '@inband/core';
import { ownAnswer } from '../../answers/own-answers.ts';
import { OwnPages } from '../../answers/own-pages.ts';
import type { HttpContext } from '../../service/context.ts';
import type { Step } from './step.ts';

/** Answers what is for the proxy itself; of everything else notes for which server it is. */
export function addressee({ service, options, rules }: Pick<HttpContext, 'service' | 'options' | 'rules'>): Step {
  const pages = rules.ownPages ? new OwnPages(service, options) : undefined;
  return {
    name: 'addressee',
    request(call) {
      const { request, session, client } = call;
      const answer = ownAnswer(request, service.mode, options.via) ?? pages?.find(request, client.client);
      if (answer === undefined) sessionWriter.setTarget(session, request.target);
      else call.answer(answer);
    },
  };
}
