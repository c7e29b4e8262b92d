import { toProxyError } from '@inband/core';
import type { ChainersWait } from '../service/timeouts.ts';
import { Hedge, type HedgedCall } from './hedge.ts';
import { retryLate, Tries } from './tries.ts';

/** An exchange that waits for the first byte of an answer. */
export interface WaitingCall extends HedgedCall {
  /** The answer did not begin within `http.responseTimeout`. */
  responseTimedOut(): void;
}

/** The request was sent: starts the timeout of its answer, which the chainer may want to be shorter at first. */
export function waitForResponse(call: WaitingCall): void {
  const { chainer } = call.route ?? {};
  if (chainer?.hedging === undefined && chainer?.retriedFailures === undefined) return call.client.timer.requestSent();
  const delay = hedgeDelay(call);
  if (delay === undefined) waitForTry(call, 0);
  else call.client.timer.startFor('hedge', call.context.timers.list(delay));
}

/** A wait is over whose time was up to the chainer. */
export function waitIsOver(call: WaitingCall, waitsFor: ChainersWait): void {
  if (waitsFor === 'try') tryIsOver(call, tryLimit(call) ?? 0);
  else askBeside(call, hedgeDelay(call) ?? 0);
}

/** `waited`: milliseconds since the request was sent. */
function waitForTry(call: WaitingCall, waited: number): void {
  const { client, context } = call;
  const limit = tryLimit(call);
  if (limit === undefined && waited === 0) return client.timer.requestSent();
  const left = Math.max(1, (limit ?? context.options.responseTimeout) - waited);
  client.timer.startFor(limit === undefined ? 'response' : 'try', context.timers.list(left));
}

/** Another server may be asked instead. If none is, this one gets what is left of `http.responseTimeout`. */
function tryIsOver(call: WaitingCall, limit: number): void {
  const { server, client, context } = call;
  if (server !== undefined && retryLate(call, server, limit)) return;
  const left = context.options.responseTimeout - limit;
  if (left > 0) client.timer.startFor('response', context.timers.list(left));
  else call.responseTimedOut();
}

/** Another server may be asked, too. */
function askBeside(call: WaitingCall, waited: number): void {
  waitForTry(call, waited);
  const tries = new Tries();
  call.tries = tries;
  try {
    tries.beside = Hedge.begin(call);
    if (tries.beside !== undefined) tries.sent('hedge');
  } catch (defect) {
    call.fail(toProxyError(defect));
  }
}

/** Milliseconds that one server may take. Undefined where the chainer does not ask another one in time. */
function tryLimit({ route, context }: WaitingCall): number | undefined {
  const limit = route?.chainer.retriedFailures?.timeout;
  return limit === undefined ? undefined : Math.min(limit, context.options.responseTimeout);
}

/** Milliseconds until a second server is asked. Undefined where none is. */
function hedgeDelay({ request, route, tries, server }: WaitingCall): number | undefined {
  const { method, hasBody, upgradeIndex, logsIn } = request;
  const isPlain = (method === 'GET' || method === 'HEAD') && !hasBody && upgradeIndex < 0 && !logsIn;
  if (!isPlain || tries !== undefined || server?.isOnlyOne === true) return undefined;
  return route?.chainer.hedging?.delay;
}
