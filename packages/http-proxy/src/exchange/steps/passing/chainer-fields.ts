import { type AnswerField, DefectError } from '@inband/core';
import { dropCookie } from '../../../message/view/cookies.ts';
import type { ResponseHead } from '../../../message/head/response-head.ts';
import { Literal } from '../../../message/words.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Call, Step } from '../step.ts';

/** Adds to answers what the chainer has to say to the client, and keeps from servers what the client says to the chainer. */
export function chainerFields({ service }: Pick<HttpContext, 'service'>): Step | undefined {
  return service.changesFields === true
    ? { name: 'chainer-fields', request: hideCookie, response: addFields }
    : undefined;
}

function hideCookie({ request, route }: Call): void {
  const cookie = route?.chainer.ownCookie;
  if (cookie !== undefined) dropCookie(request, cookie);
}

function addFields({ route, session }: Call, head: ResponseHead): void {
  const fields = route?.chainer.answerFields?.(session);
  if (fields !== undefined && fields.length > 0) head.added = new Literal(fields.map(lineOf).join(''));
}

/** A token (RFC 9110 section 5.6.2). */
const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const VALUE = /^[\t -~\u0080-\u00ff]*$/;

function lineOf([name, value]: AnswerField): string {
  if (NAME.test(name) && VALUE.test(value)) return `${name}: ${value}\r\n`;
  throw new DefectError(new Error(`The chainer adds a field that is none: ${JSON.stringify(`${name}: ${value}`)}.`));
}
