import {
  AccessDeniedError,
  type AuthAnswer,
  AuthenticationError,
  type AuthOutcome,
  type Identified,
  isPromise,
  ProxyError,
  sessionWriter,
} from '@inband/core';
import type { OwnAnswer } from '../../../answers/own-answer.ts';
import { reasonFor } from '../../../answers/reasons.ts';
import { FieldList } from '../../../fields/field-list.ts';
import { fieldNameProblem } from '../../../fields/field-name.ts';
import { checkedValue } from '../../../fields/field-value.ts';
import { Field } from '../../../message/field-names.ts';
import { badRequest } from '../../../message/head/faults.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Call, Step } from '../step.ts';
import { AskedRequest } from './asked-request.ts';

/**
 * Asks the service's authenticator whose request it is (RFC 9110 section 11): by `Proxy-Authorization` and status 407 in mode forward, which
 * servers do not get because it is for this hop, and by `Authorization` and status 401 in mode reverse, which is dropped here if it is looked at.
 */
export function authenticate({ authenticator, service }: HttpContext): Step | undefined {
  if (authenticator === undefined) return undefined;
  const isReverse = service.mode === 'reverse';
  const field = isReverse ? Field.authorization : Field.proxyAuthorization;
  const readsCredentials = authenticator.readsCredentials !== false;
  const setting = `services.${service.name}.auth`;

  function take(call: Call, outcome: AuthOutcome): void {
    if (outcome.verdict === 'user') return identify(call, outcome, setting);
    if (outcome.verdict === 'answered') {
      const { status } = outcome.answer;
      return call.answer(
        ownAnswer(outcome.answer, call),
        new AccessDeniedError('http_request_denied', outcome.why, setting, { status, setting }),
      );
    }
    const message = outcome.verdict === 'denied' ? outcome.why : 'The proxy wants to know who asks.';
    const challenges = outcome.challenges ?? authenticator?.challenges ?? [];
    // A 401 or 407 names a way to log in (RFC 9110 section 11.3), and for certificates and addresses HTTP has none.
    if (challenges.length === 0) throw new AccessDeniedError('http_request_denied', message, setting, { setting });
    throw new AuthenticationError(isReverse ? 401 : 407, message, setting, challenges);
  }

  return {
    name: 'authenticate',
    request(call) {
      const { request, session } = call;
      const values = readsCredentials ? request.valuesOf(field) : [];
      // Whoever reads the other one would take it for another user's.
      if (values.length > 1) throw badRequest('The request has several fields with credentials.');
      if (isReverse && values.length > 0) request.drop(request.indexOf(field));
      const query = { client: session.client, credentials: values[0], request: new AskedRequest(call) };
      const outcome = authenticator.authenticate(query);
      if (!isPromise(outcome)) return take(call, outcome);
      return outcome.then((late) => {
        if (!call.isOver) take(call, late);
      });
    },
    close: () => authenticator.close?.(),
  };
}

/** The client's own fields with names that the authenticator sets do not go on. */
function identify({ request, session }: Call, { user, groups, requestFields }: Identified, setting: string): void {
  if (user !== undefined) sessionWriter.setUser(session, user, groups);
  if (requestFields === undefined) return;
  const list = new FieldList(request);
  for (const [name, value] of requestFields) {
    const problem = fieldNameProblem(name);
    if (problem !== undefined) throw new ProxyError('proxy_configuration_error', `${problem}.`, { setting });
    list.removeLike(name.toLowerCase());
    if (value !== undefined) list.append(name, checkedValue(name, value, setting));
  }
  list.write();
}

/** What a client gets of an answer that somebody else has given for this proxy. */
function ownAnswer({ status, fields, content }: AuthAnswer, { request }: Call): OwnAnswer {
  const length = ['Content-Length', String(Buffer.byteLength(content))] as const;
  const head = { status, reason: reasonFor(status), fields: [...fields, length] };
  return request.method === 'HEAD' ? head : { ...head, content };
}
