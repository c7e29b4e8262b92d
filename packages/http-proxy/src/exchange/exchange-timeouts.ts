import { readerMayPause } from '../service/body-timeouts.ts';
import type { ChainersWait, ExchangeWait } from '../service/timeouts.ts';
import { timeoutError } from './exchange-errors.ts';
import { waitIsOver, type WaitingCall } from './response-wait.ts';

/** An exchange that has waited too long. */
export interface TimedCall extends WaitingCall {
  /** Nobody waits for its answer. */
  clientClosed(): void;
}

/** What the exchange waits for did not happen in time: it fails, is tried elsewhere, or waits once more where that is nobody's fault. */
export function timeoutExpired(call: TimedCall): void {
  const { client } = call;
  const { waitsFor } = client.timer;
  if (waitsFor === undefined) return;
  if (waitsFor === 'try' || waitsFor === 'hedge') return waitIsOver(call, waitsFor);
  if (waitsFor === 'half-close') {
    call.clientClosed();
    return client.cut();
  }
  if (waitsFor === 'response-body' && readerMayPause(call.context.bodyTimeouts, client)) {
    return client.timer.start(waitsFor);
  }
  if (isHeldOnly(call, waitsFor)) return client.timer.start(waitsFor);
  timedOut(call, waitsFor);
}

/** Fails the exchange with an error that names what it has waited for, and the side that was slow. */
export function timedOut(call: TimedCall, waitsFor: Exclude<ExchangeWait, ChainersWait>): void {
  // A second server has had this time, too.
  if (waitsFor === 'response') call.tries?.beside?.drop();
  const unsent = { client: call.client.unsent, server: call.server?.unsent ?? 0 };
  call.fail(timeoutError(waitsFor, call, unsent));
}

/**
 * Whether nothing but a limit keeps the request or a body from moving, which lets it go on soon. Not where a side has not taken what is queued for it: that
 * may be just what the limit of queued bytes waits for.
 */
function isHeldOnly({ bytes, server, client }: TimedCall, waitsFor: ExchangeWait): boolean {
  if (bytes?.holds(waitsFor) !== true) return false;
  if (waitsFor === 'connect') return true;
  const unsent = waitsFor === 'request-body' ? server?.unsent : client.unsent;
  return unsent === undefined || unsent === 0;
}
