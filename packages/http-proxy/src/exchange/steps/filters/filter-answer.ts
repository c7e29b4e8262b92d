import type { FilterAnswer } from '@inband/core';
import type { OwnAnswer } from '../../../answers/own-answer.ts';
import { reasonFor } from '../../../answers/reasons.ts';
import { contentFields, mayHaveContent } from '../../../answers/route-answers.ts';
import { checked } from './filter-fields.ts';

/** Fields of an answer that asks the client for a login, which only the proxy's own answers may have. */
const ASKS_LOGIN = 'proxy-authenticate';

/** The answer of a filter to a request with this method. Throws what is wrong with it. */
export function answerOf({ status, fields = {}, body }: FilterAnswer, method: string, place: string): OwnAnswer {
  // Of a tunnel the client would take what comes behind another status for bytes of its server.
  const least = method === 'CONNECT' ? 400 : 200;
  if (!Number.isInteger(status) || status < least || status > 599) {
    throw new TypeError(
      `the status of an answer to ${method} is a number from ${least} to 599, found ${String(status)}`,
    );
  }
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new TypeError('the body of an answer is text or bytes');
  }
  if (body !== undefined && body.length > 0 && !mayHaveContent(status)) {
    throw new TypeError(`an answer with status ${status} has no body`);
  }
  const lines = checked(fields, place, ASKS_LOGIN).flatMap(([name, values]) =>
    values.map((value) => [name, value] as const),
  );
  const head = { status, reason: reasonFor(status), fields: [...lines, ...contentFields(status, lines, body)] };
  return body === undefined || method === 'HEAD' ? head : { ...head, content: body };
}
