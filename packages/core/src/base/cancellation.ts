import { formatSockAddr, type SockAddr } from './address.ts';
import { ProxyError, toProxyError } from './errors.ts';

/** What may call an attempt off. An `AbortSignal` is one, and a `Session` is one that costs less. */
export interface Cancellation {
  readonly aborted: boolean;
  /** Calls `listener` once when it is aborted. On a session that costs less than a listener of its `signal`. */
  addEventListener(type: 'abort', listener: AbortListener): void;
  /** Takes back what `addEventListener` was given. */
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

/** Tells them of an abort. What one of them throws is a warning, and the others are told all the same. */
export function tellListeners(listeners: readonly AbortListener[]): void {
  for (const listener of listeners) call(listener);
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
