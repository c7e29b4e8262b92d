import { formatSockAddr, type SockAddr } from '../base/address.ts';
import type { Cancellation } from '../base/cancellation.ts';
import type { Connection, DialOptions, Transport } from '../base/connection.ts';
import { asErrno } from '../base/errno.ts';
import { ProxyError } from '../base/errors.ts';
import { Timeout, type Timers } from '../base/timers.ts';
import { boundedStep } from './bounded-step.ts';
import { cancelled } from './cancelled.ts';

export interface DialRequest {
  readonly remote: SockAddr;
  readonly local: SockAddr | undefined;
  /** `local` may be an address that is not this machine's. */
  readonly transparent?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** Any of them cancels. */
  readonly signals: readonly Cancellation[];
  /** Called when descriptors have run out, to close idle connections. */
  readonly makeRoom?: (error: Error) => void;
}

/** Milliseconds between two tries while descriptors have run out, and how long that may go on. */
const AGAIN_AFTER = 25;
const LONGEST_WAIT = 2_000;

/**
 * Connects within `timeout`, unless cancelled. While the process has no descriptor left, it tries again for two seconds,
 * because descriptors of other connections come free all the time. The caller owns the connection; after a rejection
 * nothing is left open.
 */
export function dial(transport: Transport, timers: Timers, request: DialRequest): Promise<Connection> {
  const { remote, timeout, signals } = request;
  const startTimer = (expired: () => void): (() => void) => {
    const timer = new Timeout(expired);
    timer.start(timers.list(timeout));
    return () => timer.cancel();
  };
  return boundedStep<Connection>({ remote, signals, startTimer, timeUp: () => timeUp(remote, timeout) }, (end) => {
    const began = performance.now();
    let again: NodeJS.Timeout | undefined;
    const connect = (): (() => void) =>
      transport.connect(remote, optionsOf(request), (error, connection) => {
        if (connection !== undefined) return void end.done(connection);
        if (error === undefined || !isOutOfDescriptors(error) || performance.now() - began >= LONGEST_WAIT) {
          return end.failed(error ?? cancelled(remote));
        }
        request.makeRoom?.(error);
        again = setTimeout(() => (cancel = connect()), AGAIN_AFTER);
      });
    let cancel = connect();
    return () => {
      clearTimeout(again);
      cancel();
    };
  });
}

function timeUp(remote: SockAddr, timeout: number): ProxyError {
  const message = `${formatSockAddr(remote)} did not accept the connection within ${timeout} ms.`;
  return new ProxyError('connection_timeout', message, { address: remote, setting: 'chainer.connectTimeout' });
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
