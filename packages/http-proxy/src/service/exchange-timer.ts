import type { Timeout, TimeoutList } from '@inband/core';
import { type ChainersWait, type ExchangeWait, timeoutOf, type TimeoutTable } from './timeouts.ts';

/** A client that sends fewer bytes of its body than this within `bodyTimeout` makes no progress. */
const PROGRESS = 256;

/**
 * The timeout of an exchange and what it is for. An exchange waits for one thing at a time. One object serves all exchanges of a client
 * connection, because they follow one another.
 */
export class ExchangeTimer {
  readonly #timeout: Timeout;
  readonly #timeouts: TimeoutTable;
  #waitsFor: ExchangeWait | undefined = undefined;
  /** Bytes of the request body since the timeout was last moved. */
  #progress = 0;

  /** `timeout`: its owner passes the expiry on to the exchange. */
  constructor(timeout: Timeout, timeouts: TimeoutTable) {
    this.#timeout = timeout;
    this.#timeouts = timeouts;
  }

  /** Undefined until an exchange waits for the first time. */
  get waitsFor(): ExchangeWait | undefined {
    return this.#waitsFor;
  }

  /** Another exchange begins, and waits for nothing yet. */
  begin(): void {
    this.#waitsFor = undefined;
  }

  /** Starts the timeout of what the exchange waits for from now on. */
  start(waitsFor: Exclude<ExchangeWait, ChainersWait>): void {
    this.startFor(waitsFor, timeoutOf(this.#timeouts, waitsFor));
  }

  /** The same, for a time that is not the same for the whole service. */
  startFor(waitsFor: ExchangeWait, list: TimeoutList): void {
    // Only the answer ends this wait, because the client may be gone.
    if (this.#waitsFor === 'half-close' && isBeforeAnswer(waitsFor)) return;
    this.#waitsFor = waitsFor;
    this.#timeout.start(list);
  }

  /** The request is being sent: what comes of its body from now on starts the timeout. */
  expectBody(): void {
    this.#progress = PROGRESS;
  }

  /** So many bytes of the request body were sent, and more are to come. */
  bodyMoved(bytes: number): void {
    this.#progress += bytes;
    if (this.#progress < PROGRESS) return;
    this.#progress = 0;
    this.start('request-body');
  }

  /** The request was sent. The time for connecting and the time to the first byte of the response are one. */
  requestSent(): void {
    if (this.#waitsFor === 'connect') this.#waitsFor = 'response';
    else this.start('response');
  }

  /** `hasEnded`: the client has finished sending, and may be gone. */
  responseMoved(hasEnded: boolean): void {
    this.start(hasEnded ? 'response-body-after-end' : 'response-body');
  }
}

function isBeforeAnswer(waitsFor: ExchangeWait): boolean {
  switch (waitsFor) {
    case 'connect':
    case 'request-body':
    case 'response':
    case 'try':
    case 'hedge':
      return true;
    case 'response-head':
    case 'response-body':
    case 'response-body-after-end':
    case 'half-close':
      return false;
  }
}
