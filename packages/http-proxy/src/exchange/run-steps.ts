import { exchangeChannel, toProxyError, type MaybePromise, type ProxyError } from '@inband/core';
import type { ExchangePlan } from './plan.ts';
import { publishRefused } from './publish.ts';
import type { Call, Step } from './steps/step.ts';

/** A request whose steps run. */
export interface AskingCall extends Call {
  readonly plan: ExchangePlan;
  /** Whether the next step is to run: the request was neither answered nor sent, and the client is there. */
  readonly isAsking: boolean;
  /** A step waits. */
  stepWaits(): void;
  /** The steps behind one that waited have run. */
  wentOn(): void;
  fail(error: ProxyError): void;
}

/** Runs the steps from the one at `index` on, to the end or to one that answers or waits. Throws what a step throws. */
export function runSteps(call: AskingCall, index: number): void {
  const { requests } = call.plan;
  let at = index;
  try {
    for (; at < requests.length && call.isAsking; at += 1) {
      const waiting = runStep(at, requests[at]!, call);
      if (waiting !== undefined) return waitFor(call, waiting, at + 1);
    }
  } catch (error) {
    refusedBy(call, at, error);
    throw error;
  }
}

/**
 * Runs the step at an index. Most services have no more than these, and each has its own place, because V8 inlines a call, and knows what it
 * calls, only where the same function is called each time.
 */
function runStep(at: number, step: Step['request'], call: Call): MaybePromise<void> {
  switch (at) {
    case 0:
      return step(call);
    case 1:
      return step(call);
    case 2:
      return step(call);
    case 3:
      return step(call);
    case 4:
      return step(call);
    case 5:
      return step(call);
    case 6:
      return step(call);
    case 7:
      return step(call);
    case 8:
      return step(call);
    case 9:
      return step(call);
    default:
      return step(call);
  }
}

/** Runs on from the step at `index` when the one before is ready. */
function waitFor(call: AskingCall, step: Promise<void>, index: number): void {
  // An async step may have answered already.
  if (call.isAsking) call.stepWaits();
  step.then(
    () => runOn(call, index),
    (error: unknown) => {
      if (!call.isAsking) return;
      refusedBy(call, index - 1, error);
      call.fail(toProxyError(error));
    },
  );
}

function runOn(call: AskingCall, index: number): void {
  if (!call.isAsking) return;
  try {
    runSteps(call, index);
    call.wentOn();
  } catch (error) {
    call.fail(toProxyError(error));
  }
}

function refusedBy(call: AskingCall, step: number, error: unknown): void {
  if (exchangeChannel.hasSubscribers) publishRefused(call, call.plan.names[step] ?? '', error);
}
