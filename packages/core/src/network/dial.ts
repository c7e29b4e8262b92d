import { formatSockAddr, type SockAddr } from '../base/address.ts';
import type { Connection, DialOptions, Transport } from '../base/connection.ts';
import { asErrno } from '../base/errno.ts';
import { ProxyError } from '../base/errors.ts';
import type { Cancellation } from '../session/session.ts';
import { Timeout, type Timers } from '../base/timers.ts';

export interface DialRequest {
  readonly remote: SockAddr;
  readonly local: SockAddr | undefined;
  /** `local` may be somebody else's address. */
  readonly transparent?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** Any of them cancels. */
  readonly signals: readonly Cancellation[];
  /** Descriptors have run out: close what nobody uses. */
  readonly makeRoom?: (error: Error) => void;
}

/** Milliseconds between two tries while descriptors have run out, and how long that may go on. */
const AGAIN_AFTER = 25;
const LONGEST_WAIT = 2_000;

/** The error of a dial that was cancelled because nobody waits for it any more. */
export function cancelled(remote: SockAddr): ProxyError {
  return new ProxyError('connection_terminated', `Connecting to ${formatSockAddr(remote)} was cancelled.`, {
    address: remote,
  });
}

/**
 * Connects, within `timeout`, unless cancelled. While the process has no descriptor left it waits for one, two seconds at most:
 * those of others come free all the time. The connection is the caller's to own; after a rejection nothing is
 * left open.
 */
export function dial(transport: Transport, timers: Timers, request: DialRequest): Promise<Connection> {
  const { remote, timeout, signals } = request;
  if (signals.some((signal) => signal.aborted)) return Promise.reject(cancelled(remote));
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let again: NodeJS.Timeout | undefined;
    const settle = (error: Error | undefined, connection?: Connection): void => {
      if (error !== undefined && isOutOfDescriptors(error) && performance.now() - began < LONGEST_WAIT) {
        request.makeRoom?.(error);
        again = setTimeout(begin, AGAIN_AFTER);
        return;
      }
      timer.cancel();
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
      if (connection === undefined) reject(error ?? cancelled(remote));
      else resolve(connection);
    };
    const giveUp = (error: ProxyError): void => {
      clearTimeout(again);
      cancel();
      settle(error);
    };
    const onAbort = (): void => giveUp(cancelled(remote));
    const timer = new Timeout(() =>
      giveUp(
        new ProxyError(
          'connection_timeout',
          `${formatSockAddr(remote)} did not accept the connection within ${timeout} ms.`,
          {
            address: remote,
            setting: 'chainer.connectTimeout',
          },
        ),
      ),
    );
    let cancel: () => void;
    const begin = (): void => {
      cancel = transport.connect(remote, optionsOf(request), settle);
    };
    begin();
    timer.start(timers.list(timeout));
    for (const signal of signals) signal.addEventListener('abort', onAbort);
  });
}

function isOutOfDescriptors(error: Error): boolean {
  const { cause } = error;
  const errno = cause instanceof Error ? asErrno(cause).code : undefined;
  return errno === 'EMFILE' || errno === 'ENFILE';
}

function optionsOf({ local, transparent }: DialRequest): DialOptions {
  if (local === undefined) return {};
  return transparent === true ? { local, transparent } : { local };
}
