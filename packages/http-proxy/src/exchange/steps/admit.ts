import { accessDenied } from '@inband/core';
import type { Admitted } from '../../sides/admitted.ts';
import type { Call, Step } from './step.ts';

/**
 * Asks policy what it can say before any name is resolved: a client that is denied whatever the server turns out to be. Who will
 * choose the server is not known yet, so only what holds for both is asked. What depends on the server's address is decided
 * later, by `establishConnection`.
 */
export function admit(): Step {
  return { name: 'admit', request: askPolicy };
}

function askPolicy(call: Call): void {
  const { request, session, context } = call;
  if (isSameAsBefore(call, call.client.admitted)) return;
  const decision = context.service.policy.decide({
    client: session.client.address,
    server: undefined,
    serverChosenBy: 'operator',
    target: request.authority.target,
    method: request.method,
    user: session.user,
  });
  if (decision.verdict === 'deny') throw accessDenied(decision);
}

/** Whether policy would say what it said of the client's last request. */
export function isSameAsBefore({ request, session, context }: Call, before: Admitted | undefined): before is Admitted {
  return (
    before?.target === request.authority.target &&
    before.method === request.method &&
    session.user === undefined &&
    before.generation === context.service.policy.generation
  );
}
