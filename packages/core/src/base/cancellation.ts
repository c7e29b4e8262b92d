import { formatSockAddr, type SockAddr } from './address.ts';
import { ProxyError, toProxyError } from './errors.ts';

/** What may call an attempt off. An `AbortSignal` is one, and a `Session` is one that costs less. */
export interface Cancellation {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: AbortListener): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** An object, as the DOM allows it as well, spares a closure for each attempt. */
export type AbortListener = (() => void) | { handleEvent(): void };

export function isAborted({ aborted }: Cancellation): boolean {
  return aborted;
}

/** The error of an attempt that was cancelled, because its session was aborted, for example. */
export function cancelled(remote: SockAddr): ProxyError {
  return new ProxyError('connection_terminated', `Connecting to ${formatSockAddr(remote)} was cancelled.`, {
    address: remote,
  });
}

/** Aborts it, once. What its listeners throw is a warning. Whoever has only the object cannot do that. */
export let abort: (abortable: Abortable) => void;

/** What is aborted once, and costs less than an `AbortController`, which it has only where somebody wants a signal. */
export abstract class Abortable implements Cancellation {
  #aborted = false;
  #controller: AbortController | undefined = undefined;
  #listeners: AbortListener[] | undefined = undefined;

  /** Whether nobody needs the outcome any more, because the client has closed its connection, for example. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Aborted with it, so that dials and look-ups stop. Created on first use. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Calls `listener` once when it is aborted. Costs less than a listener of `signal`. */
  addEventListener(_type: 'abort', listener: AbortListener): void {
    // Mostly it stays the only one: a list that grows has room for many more.
    if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  /** Takes back what `addEventListener` was given. */
  removeEventListener(_type: 'abort', listener: AbortListener): void {
    const left = this.#listeners?.length === 1 && this.#listeners[0] === listener ? undefined : this.#listeners;
    this.#listeners = left?.filter((other) => other !== listener);
  }

  static {
    abort = (abortable) => {
      if (abortable.#aborted) return;
      abortable.#aborted = true;
      abortable.#controller?.abort();
      const listeners = abortable.#listeners ?? [];
      abortable.#listeners = undefined;
      for (const listener of listeners) call(listener);
    };
  }
}

/** A listener of a plugin that throws must not prevent what follows an abort: sockets are closed. */
function call(listener: AbortListener): void {
  try {
    if (typeof listener === 'function') listener();
    else listener.handleEvent();
  } catch (error) {
    process.emitWarning(`A listener of an aborted session threw: ${toProxyError(error).message}`, 'InbandWarning');
  }
}
