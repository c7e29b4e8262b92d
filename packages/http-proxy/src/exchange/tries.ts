import type { ProxyError } from '@inband/core';
import { maySendAgain } from '../server/retry.ts';
import type { ServerSide } from '../sides/server-side.ts';
import type { Call } from './steps/step.ts';

/** What an exchange remembers of its tries. Made when it sends its request again. */
export class Tries {
  /** How often the request was sent again. */
  again = 0;
  #kept: ServerSide | undefined = undefined;
  #isOver = false;

  /** An answer that was kept back is given, so that no other one is asked for. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The client gets the answer of `server`, which was kept back, if no better one comes. It takes the place of the one before. */
  keep(server: ServerSide): void {
    this.drop();
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
    this.#kept?.destroy();
    this.#kept = undefined;
  }
}

/** Whether the request may be sent once more. Its head must be valid. */
export function mayRepeat({ request, client }: Call, tries: Tries | undefined): boolean {
  return tries?.isOver !== true && maySendAgain(request, tries?.again ?? 0, client.bodyIsKept);
}

/** Whether the request is to be sent to another server, because its server gave no byte of an answer. Asks the chainer, which may throw. */
export function isSentAgain(
  call: Call,
  tries: Tries | undefined,
  cause: 'reset' | 'timeout',
  error: ProxyError,
): boolean {
  const { chainer } = call.route ?? {};
  if (chainer?.serverFailed === undefined) return false;
  const failure = { cause, error, mayRepeat: mayRepeat(call, tries) };
  return chainer.serverFailed(call.session, failure) && failure.mayRepeat;
}

/** Whether an answer with `status` is kept back, because another server is asked first. Asks the chainer, which may throw. */
export function isKeptBack(call: Call, tries: Tries | undefined, status: number): boolean {
  const { chainer } = call.route ?? {};
  if (chainer?.retriedFailures?.statuses.has(status) !== true || tries?.isOver === true) return false;
  const failure = { cause: 'status' as const, status, mayRepeat: mayRepeat(call, tries) };
  return chainer.serverFailed?.(call.session, failure) === true && failure.mayRepeat;
}
