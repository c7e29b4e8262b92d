import { exchangeChannel, toProxyError, type ProxyError } from '@inband/core';
import type { ExchangePlan } from './plan.ts';
import { publishRefused } from './publish.ts';
import type { Call } from './steps/step.ts';

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
      const waiting = requests[at]?.(call);
      if (waiting !== undefined) return waitFor(call, waiting, at + 1);
    }
  } catch (error) {
    refusedBy(call, at, error);
    throw error;
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
