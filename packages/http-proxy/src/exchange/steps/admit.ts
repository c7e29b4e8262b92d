import { accessDenied } from '@inband/core';
import type { Admitted } from '../../sides/admitted.ts';
import type { Call, Step } from './step.ts';

/**
 * Evaluates policy as far as it does not depend on the server's address. It denies clients that are denied for every server, before any
 * name is resolved. It asks only for what holds for both choosers of a server, because the chooser is not known yet.
 * `establishConnection` decides the rest.
 */
export function admit(): Step {
  return { name: 'admit', request: askPolicy };
}

function askPolicy(call: Call): void {
  if (!isSameAsBefore(call, call.client.admitted)) judge(call);
}

/** Throws if policy denies the request as it is now. */
export function judge({ request, session, context }: Call): void {
  const decision = context.service.policy.decide({
    client: session.client.address,
    server: undefined,
    serverChosenBy: 'operator',
    target: request.target,
    method: request.method,
    user: session.user,
    groups: session.groups,
    certificate: session.tls?.certificate,
    met: session.met,
    at: session.client.at,
  });
  if (decision.verdict === 'deny') throw accessDenied(decision);
}

/** Whether policy would say what it said of the client's last request. */
export function isSameAsBefore({ request, session, context }: Call, before: Admitted | undefined): before is Admitted {
  return (
    session.met === undefined &&
    before?.target === request.target &&
    before.method === request.method &&
    session.user === undefined &&
    before.generation === context.service.policy.generation
  );
}
