import {
  exchangeChannel,
  sessionWriter,
  toProxyError,
  type ProxyError,
  type RetryCause,
  type ServerFailure,
} from '@inband/core';
import { isStillThere, maySendAgain } from '../server/retry.ts';
import type { ServerSide } from '../sides/server-side.ts';
import { answersRequest, tryExpired } from './exchange-errors.ts';
import { publishRetried } from './publish.ts';
import { runSteps, type AskingCall } from './run-steps.ts';

/** A second server that has the request, too. */
interface Beside {
  /** It has the request, and no final answer of it has come. */
  readonly isAsked: boolean;
  /** It has no connection yet. */
  readonly isConnecting: boolean;
  drop(): void;
  /** The exchange, whose server has failed, sends its request on the connection once there is one. `otherwise` is called if there will be none. */
  await(otherwise: (error: ProxyError) => void): void;
  /** It is the only server of the exchange from now on. The one before is destroyed. */
  takeOver(): void;
}

/** What an exchange remembers of its tries. Made when it sends its request again, or to a second server. */
export class Tries {
  /** How often the request was sent again. */
  again = 0;
  #causes: RetryCause[] | undefined = undefined;
  /** Once the request was sent to a second server. */
  beside: Beside | undefined = undefined;
  /** Of an answer that is kept back while the second server is connected to: the chainer has yet another one. */
  hasAnother = false;
  #kept: ServerSide | undefined = undefined;
  #isOver = false;

  /** An answer that was kept back is given, so that no other one is asked for. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The request was sent once more. */
  sent(cause: RetryCause): void {
    (this.#causes ??= []).push(cause);
  }

  /** Why it was sent more than once; undefined if it was not. */
  get causes(): readonly RetryCause[] | undefined {
    return this.#causes;
  }

  /** The client gets the answer of `server`, which was kept back, if no better one comes. It takes the place of the one before. */
  keep(server: ServerSide): void {
    this.#kept?.destroy();
    this.#kept = server;
  }

  /** The server whose answer is to be given now. The caller owns it. */
  takeKept(): ServerSide | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) this.#isOver = true;
    return kept;
  }

  /** A better answer has come, or nobody waits for one any more. */
  drop(): void {
    this.beside?.drop();
    this.#kept?.destroy();
    this.#kept = undefined;
  }
}

/** An exchange whose request may be sent again. */
export interface RetriedCall extends AskingCall {
  /** The server that has the request. */
  server: ServerSide | undefined;
  /** Undefined until the request is sent again, or to a second server. */
  tries: Tries | undefined;
  /** Whether the body of the request can be sent again. */
  readonly bodyIsKept: boolean;
  /** It asks for a server connection once more. */
  enterAsking(): void;
  /** `kept` is its server, whose answer follows. What it has beside that is destroyed. */
  enterKept(kept: ServerSide, error: ProxyError): void;
}

/**
 * The connection closed without a byte of an answer. If it was reused, the server may have closed it at the very moment it was used, and the
 * chainer is asked for another connection. Otherwise the server has failed, and the chainer is asked whether it knows another server.
 */
export function retryLost(call: RetriedCall, server: ServerSide, error: ProxyError): void {
  try {
    if (goesOnBeside(call, server.reused ? undefined : { cause: 'reset', error, mayRepeat: false })) return;
    const cause = server.reused ? 'stale' : 'reset';
    const again = server.reused ? mayRepeat(call) : isSentAgain(call, 'reset', error);
    if (!again && call.tries?.beside?.isConnecting !== true) return call.fail(error);
    server.abandon();
    if (!waitsForBeside(call, () => (again ? sendAgain(call, cause, error) : call.fail(error)))) {
      sendAgain(call, cause, error);
    }
  } catch (defect) {
    call.fail(toProxyError(defect));
  }
}

/** A parent proxy has refused the login, so that nobody has acted on the request, whatever its method is. */
export function retryLogin(call: RetriedCall, server: ServerSide, error: ProxyError): void {
  const { request, bodyIsKept, tries } = call;
  try {
    if (tries?.isOver === true || !isStillThere(request, tries?.again ?? 0, bodyIsKept)) return call.fail(error);
    server.abandon();
    sendAgain(call, 'login', error);
  } catch (defect) {
    call.fail(toProxyError(defect));
  }
}

/** No byte of an answer came for `limit` milliseconds. Returns whether another server is asked. */
export function retryLate(call: RetriedCall, server: ServerSide, limit: number): boolean {
  const error = tryExpired(limit);
  try {
    if (goesOnBeside(call, { cause: 'timeout', error, mayRepeat: false })) return true;
    if (!isSentAgain(call, 'timeout', error)) return false;
    server.abandon();
    if (!waitsForBeside(call, () => sendAgain(call, 'timeout', error))) sendAgain(call, 'timeout', error);
  } catch (defect) {
    call.fail(toProxyError(defect));
  }
  return true;
}

/** Whether an answer with `status` is to be kept back, because another server is asked first, or has been asked. Asks the chainer, which may throw. */
export function isKeptBack(call: RetriedCall, status: number): boolean {
  const { chainer } = call.route ?? {};
  if (chainer?.retriedFailures?.statuses.has(status) !== true || call.tries?.isOver === true) return false;
  const { beside } = call.tries ?? {};
  const isAskedBeside = beside?.isAsked === true;
  const failure = { cause: 'status' as const, status, mayRepeat: !isAskedBeside && mayRepeat(call) };
  const hasAnother = chainer.serverFailed?.(call.session, failure) === true && failure.mayRepeat;
  if (call.tries !== undefined) call.tries.hasAnother = hasAnother;
  return isAskedBeside || beside?.isConnecting === true || hasAnother;
}

/** The answer of `server` was kept back. */
export function retryKept(call: RetriedCall, server: ServerSide, status: number): void {
  call.tries ??= new Tries();
  call.tries.keep(server);
  call.server = undefined;
  if (goesOnBeside(call, undefined)) return;
  const { hasAnother } = call.tries;
  const again = (): void => sendAgain(call, 'status', status);
  if (!waitsForBeside(call, (error) => (hasAnother ? again() : call.fail(error)))) again();
}

/** Whether a second server goes on alone, because the first one has failed by `error`. */
export function isServedBeside(call: RetriedCall, error: ProxyError): boolean {
  if (error.fault !== 'server') return false;
  const failure = { cause: 'reset' as const, error, mayRepeat: false };
  try {
    if (goesOnBeside(call, failure)) return true;
    if (call.tries?.beside?.isConnecting !== true || call.client.answerStarted) return false;
    call.route?.chainer.serverFailed?.(call.session, failure);
    call.server?.destroy(error);
    return waitsForBeside(call, () => call.fail(error));
  } catch (defect) {
    call.fail(toProxyError(defect));
    return true;
  }
}

/** Whether the client gets an answer that was kept back: all other servers have failed by `error`, and nothing is wrong with the request. */
export function givesKept(call: RetriedCall, error: ProxyError): boolean {
  const kept = answersRequest(error) ? call.tries?.takeKept() : undefined;
  if (kept === undefined) return false;
  call.enterKept(kept, error);
  kept.giveAnswer();
  return true;
}

/**
 * Whether a second server that has the request goes on alone. Nothing is sent again, so that the chainer is told of the failure of the first
 * one without being asked for another. It may throw. `failure`: undefined where it is not to be told.
 */
function goesOnBeside(call: RetriedCall, failure: ServerFailure | undefined): boolean {
  const beside = call.tries?.beside;
  if (beside?.isAsked !== true) return false;
  if (failure !== undefined) call.route?.chainer.serverFailed?.(call.session, failure);
  beside.takeOver();
  return true;
}

/**
 * Whether the request waits for a second server that is being connected to, because the first one has failed. `otherwise`: what becomes of
 * it if that is not reached.
 */
function waitsForBeside(call: RetriedCall, otherwise: (error: ProxyError) => void): boolean {
  const beside = call.tries?.beside;
  if (beside?.isConnecting !== true) return false;
  beside.await(otherwise);
  askAnew(call);
  call.stepWaits();
  return true;
}

/** Whether the request may be sent once more. Its head must be valid. */
function mayRepeat({ request, bodyIsKept, tries }: RetriedCall): boolean {
  return tries?.isOver !== true && maySendAgain(request, tries?.again ?? 0, bodyIsKept);
}

/** Whether the request is to be sent to another server, because its server gave no byte of an answer. Asks the chainer, which may throw. */
function isSentAgain(call: RetriedCall, cause: 'reset' | 'timeout', error: ProxyError): boolean {
  const { chainer } = call.route ?? {};
  if (chainer?.serverFailed === undefined) return false;
  const failure = { cause, error, mayRepeat: mayRepeat(call) };
  return chainer.serverFailed(call.session, failure) && failure.mayRepeat;
}

/** Sends the request again on a fresh connection, because another idle one may be closed, too. `outcome`: of the try before. */
function sendAgain(call: RetriedCall, cause: RetryCause, outcome: ProxyError | number): void {
  const tries = (call.tries ??= new Tries());
  tries.again += 1;
  tries.sent(cause);
  tries.beside?.drop();
  if (exchangeChannel.hasSubscribers) publishRetried(call, tries.again, outcome);
  askAnew(call);
  try {
    runSteps(call, call.plan.connectAt);
    call.wentOn();
  } catch (error) {
    call.fail(toProxyError(error));
  }
}

function askAnew(call: RetriedCall): void {
  call.server = undefined;
  call.client.holdBody();
  call.session.requireFreshServer();
  sessionWriter.setConnected(call.session, false);
  call.enterAsking();
}
