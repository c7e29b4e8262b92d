import { formatSockAddr, type SockAddr } from '../base/address.ts';
import { cancelled, type Cancellation } from '../base/cancellation.ts';
import type { Connection, DialOptions, Transport } from '../base/connection.ts';
import { asErrno } from '../base/errno.ts';
import { ProxyError } from '../base/errors.ts';
import { Timeout, type Expiring, type Timers } from '../base/timers.ts';
import { dialChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';
import { boundedStep, type Step, type StepEnd } from './bounded-step.ts';

export interface DialRequest {
  readonly remote: SockAddr;
  readonly local: SockAddr | undefined;
  /** `local` may be an address that is not this machine's. */
  readonly transparent?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** Any of them cancels. */
  readonly signals: readonly Cancellation[];
  /** The session's number, for messages of diagnostics. */
  readonly session?: number;
  /** Closes idle connections when descriptors have run out. */
  readonly room?: { makeRoom(): void };
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
  return boundedStep(request.remote, request.signals, new Dial(transport, timers, request));
}

class Dial implements Step<Connection>, Expiring {
  readonly #transport: Transport;
  readonly #timers: Timers;
  readonly #request: DialRequest;
  readonly #timer = new Timeout(this);
  #end: StepEnd<Connection> | undefined = undefined;
  /** While descriptors have run out, and since when they have. */
  #again: NodeJS.Timeout | undefined = undefined;
  #since: number | undefined = undefined;
  #cancel: (() => void) | undefined = undefined;

  constructor(transport: Transport, timers: Timers, request: DialRequest) {
    this.#transport = transport;
    this.#timers = timers;
    this.#request = request;
  }

  begin(end: StepEnd<Connection>): void {
    this.#end = end;
    this.#connect();
  }

  #connect(): void {
    this.#cancel = this.#transport.connect(this.#request.remote, optionsOf(this.#request), this.#settle);
  }

  readonly #settle = (error: Error | undefined, connection?: Connection): void => {
    if (connection !== undefined) return void this.#end?.done(connection);
    if (error === undefined || !isOutOfDescriptors(error) || this.#hasWaited()) {
      return this.#end?.failed(error ?? cancelled(this.#request.remote));
    }
    this.#makeRoom(error);
    this.#again = setTimeout(() => this.#connect(), AGAIN_AFTER);
  };

  #hasWaited(): boolean {
    const now = performance.now();
    this.#since ??= now;
    return now - this.#since >= LONGEST_WAIT;
  }

  #makeRoom(error: Error): void {
    const { session, remote, room } = this.#request;
    if (dialChannel.hasSubscribers && session !== undefined) {
      dialChannel.publish({ event: 'waiting', session, server: remote, error: errorFacts(error) });
    }
    room?.makeRoom();
  }

  drop(): void {
    clearTimeout(this.#again);
    this.#cancel?.();
  }

  startTimer(): void {
    this.#timer.start(this.#timers.list(this.#request.timeout));
  }

  stopTimer(): void {
    this.#timer.cancel();
  }

  timeoutExpired(): void {
    this.#end?.expired();
  }

  timeUp(): ProxyError {
    const { remote, timeout } = this.#request;
    const message = `${formatSockAddr(remote)} did not accept the connection within ${timeout} ms.`;
    return new ProxyError('connection_timeout', message, { address: remote, setting: 'chainer.connectTimeout' });
  }
}

function isOutOfDescriptors(error: Error): boolean {
  const { cause } = error;
  const errno = cause instanceof Error ? asErrno(cause).code : undefined;
  return errno === 'EMFILE' || errno === 'ENFILE';
}

const NO_OPTIONS: DialOptions = {};

function optionsOf({ local, transparent }: DialRequest): DialOptions {
  if (local === undefined) return NO_OPTIONS;
  return transparent === true ? { local, transparent } : { local };
}
