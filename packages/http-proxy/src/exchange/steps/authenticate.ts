import { AccessDeniedError, AuthenticationError, type AuthOutcome, isPromise, sessionWriter } from '@inband/core';
import { Field } from '../../message/field-names.ts';
import { badRequest } from '../../message/head/faults.ts';
import type { HttpContext } from '../../service/context.ts';
import type { Call, Step } from './step.ts';

/**
 * Asks the service's authenticator whose request it is (RFC 9110 section 11): by `Proxy-Authorization` and status 407 in mode forward, which
 * servers do not get because it is for this hop, and by `Authorization` and status 401 in mode reverse, which is dropped here.
 */
export function authenticate({ authenticator, service }: HttpContext): Step | undefined {
  if (authenticator === undefined) return undefined;
  const isReverse = service.mode === 'reverse';
  const field = isReverse ? Field.authorization : Field.proxyAuthorization;
  const setting = `services.${service.name}.auth`;

  const challenges = authenticator.challenges;

  function take({ session }: Call, outcome: AuthOutcome): void {
    if (outcome.verdict === 'user') return sessionWriter.setUser(session, outcome.user, outcome.groups);
    const message = outcome.verdict === 'denied' ? outcome.why : 'The proxy wants to know who asks.';
    // A 401 or 407 names a way to log in (RFC 9110 section 11.3), and for certificates HTTP has none.
    if (challenges.length === 0) throw new AccessDeniedError('http_request_denied', message, setting, { setting });
    throw new AuthenticationError(isReverse ? 401 : 407, message, setting, challenges);
  }

  return {
    name: 'authenticate',
    request(call) {
      const { request, session } = call;
      const values = request.valuesOf(field);
      // Whoever reads the other one would take it for another user's.
      if (values.length > 1) throw badRequest('The request has several fields with credentials.');
      if (isReverse && values.length > 0) request.drop(request.indexOf(field));
      const outcome = authenticator.authenticate({ client: session.client, credentials: values[0] });
      if (!isPromise(outcome)) return take(call, outcome);
      return outcome.then((late) => {
        if (!call.isOver) take(call, late);
      });
    },
    close: () => authenticator.close?.(),
  };
}
