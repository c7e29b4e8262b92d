import type { Logger } from '@inband/core';
import type { HttpContext } from '../service/context.ts';
import { acmeChallenge } from './steps/acme-challenge.ts';
import { addressee } from './steps/addressee.ts';
import { admit } from './steps/admit.ts';
import { answerByRoute } from './steps/passing/answer-by-route.ts';
import { changeFields } from './steps/passing/change-fields.ts';
import { chainerFields } from './steps/passing/chainer-fields.ts';
import { authenticate } from './steps/auth/authenticate.ts';
import { rewrite } from './steps/passing/rewrite.ts';
import { checkBody } from './steps/check-body.ts';
import { connect } from './steps/connect.ts';
import { connectPorts } from './steps/connect-ports.ts';
import { filters } from './steps/filters/filters.ts';
import { lookAtRequest } from './steps/conditions/look-at-request.ts';
import { lastRequest } from './steps/limits/last-request.ts';
import { limitBody } from './steps/limit-body.ts';
import { limitConnections } from './steps/limits/limit-connections.ts';
import { limitBytes } from './steps/limits/limit-bytes.ts';
import { limitRequests } from './steps/limits/limit-requests.ts';
import { limitTunnels } from './steps/limits/limit-tunnels.ts';
import { misdirected } from './steps/misdirected.ts';
import { noteRequest } from './steps/note-request.ts';
import { reuse } from './steps/reuse.ts';
import { route } from './steps/route.ts';
import { send } from './steps/send.ts';
import { showRequest } from './steps/show-request.ts';
import { trace } from './steps/trace.ts';
import type { Step } from './steps/step.ts';

/**
 * The steps of a service, which run in this order between "understood" and "sent". Those that look at the answer do so in the reverse
 * order. A step that the service has not configured is not in its list. `steps/step.ts` says how a step is written.
 */
export function stepsOf(context: HttpContext): Step[] {
  const { options } = context;
  const steps = [
    trace(context),
    noteRequest(context),
    // Before any rule: a CA asks from addresses that nobody knows, and learns nothing but what it wants to see.
    acmeChallenge(context),
    addressee(context),
    misdirected(context),
    limitBody(options),
    connectPorts(options),
    // Before policy, which asks for the user.
    authenticate(context),
    lookAtRequest(context),
    admit(),
    // Behind policy, because who is denied has asked for nothing.
    lastRequest(context),
    limitConnections(context),
    limitRequests(context),
    limitTunnels(context),
    limitBytes(context),
    route(),
    // Before what is of a route, because a filter may choose another one, and does not see the secrets that rules set.
    filters(context),
    answerByRoute(context),
    // Behind the route, because rules may be a route's own.
    changeFields(context),
    // Behind the fields, so that rules for answers see what the client will get.
    rewrite(context),
    reuse(),
    showRequest(context),
    checkBody(),
    connect(),
    // Not before, because the chainer looks at what servers do not get.
    chainerFields(context),
    send(),
  ];
  return steps.filter((step) => step !== undefined);
}

/** To be called once, when no request runs any longer. An exception of a step must not prevent the others from being closed. */
export function closeSteps(steps: readonly Step[], logger: Logger): void {
  for (const step of steps) {
    try {
      step.close?.();
    } catch (error) {
      logger.error({ err: error }, `defect of the step "${step.name}" while it was closed`);
    }
  }
}
