import type { ProxyError, SessionBytes, Turn } from '@inband/core';
import type { BodySink } from '../message/body/body-sink.ts';
import { badRequest } from '../message/head/faults.ts';
import { LimitedSink } from './limited-sink.ts';
import type { ExchangeWait } from '../service/timeouts.ts';
import { RateWatch, type MinimumRate } from './rate-watch.ts';

/** The least rates of a service. */
export interface MinimumRates {
  /** Of clients that send a body. */
  readonly request: MinimumRate | undefined;
  /** Of clients that take an answer. */
  readonly response: MinimumRate | undefined;
}

/** What an exchange that is limited lets be done with it. */
export interface LimitedExchange {
  /** A limit keeps the request's body from being read, and lets it go on. */
  holdRequest(): void;
  requestReleased(): void;
  /** The same of the answer's body. */
  holdAnswer(): void;
  answerReleased(): void;
  readonly client: {
    /** Bytes of the answer that the client was not sent yet. */
    readonly unsent: number;
    /** Bytes of the answer that were sent and have not arrived; undefined where nobody knows. */
    readonly unacknowledged: number | undefined;
  };
  fail(error: ProxyError): void;
}

/** The limits of the bytes of one exchange, or of the tunnel that it becomes. */
export class ExchangeBytes {
  /** Undefined where there is no other limit than a minimum rate. */
  readonly session: SessionBytes | undefined;
  readonly #rates: MinimumRates;
  #turn: Turn | undefined = undefined;
  #request: LimitedSink | undefined = undefined;
  #answer: LimitedSink | undefined = undefined;
  #requestWatch: RateWatch | undefined = undefined;
  #answerWatch: RateWatch | undefined = undefined;

  constructor(session: SessionBytes | undefined, rates: MinimumRates) {
    this.session = session;
    this.#rates = rates;
  }

  /** Whether a limit keeps the request's body, or that of the answer, from being read. */
  get holdsRequest(): boolean {
    return this.#request?.isHeld === true;
  }

  get holdsAnswer(): boolean {
    return this.#answer?.isHeld === true;
  }

  /** Waits until the request may begin. Undefined: now. `sends`: it has a body, or asks for a tunnel. */
  waitForTurn(sends: boolean): Promise<void> | undefined {
    this.#turn = this.session?.turn(sends);
    return this.#turn?.come;
  }

  /** The sink of the request's body, where that is limited. May be called again, when the request is sent again. */
  limitRequest(sink: BodySink, exchange: LimitedExchange): BodySink {
    this.#request?.close();
    const { session } = this;
    const source = { pause: () => exchange.holdRequest(), goOn: () => exchange.requestReleased() };
    this.#request = new LimitedSink(sink, source, session && ((owner) => session.fromClient(owner)));
    return this.#request;
  }

  /** The rest of the request's body is waited for. */
  expectRequest(exchange: LimitedExchange): void {
    const { request: rate } = this.#rates;
    const sink = this.#request;
    if (rate === undefined || sink === undefined || sink.ended) return;
    this.#requestWatch?.stop();
    this.#requestWatch = new RateWatch(rate, {
      get progress() {
        return sink.passed;
      },
      get waitsForClient() {
        return !sink.full;
      },
      isExact: true,
      get isOver() {
        return sink.ended;
      },
      tooSlow: ({ written, setting }) =>
        exchange.fail(tooSlow(`The request body came at less than ${written}.`, setting)),
    });
  }

  /** Whether what is waited for is a request or a body that a limit holds. */
  holds(waitsFor: ExchangeWait): boolean {
    switch (waitsFor) {
      case 'connect':
        return this.#turn?.isWaiting === true;
      case 'request-body':
        return this.holdsRequest;
      case 'response-body':
      case 'response-body-after-end':
        return this.holdsAnswer;
      default:
        return false;
    }
  }

  limitAnswer(sink: BodySink, exchange: LimitedExchange): BodySink {
    const { session } = this;
    const { client } = exchange;
    const source = { pause: () => exchange.holdAnswer(), goOn: () => exchange.answerReleased() };
    const limited = new LimitedSink(sink, source, session && ((owner) => session.toClient(owner)));
    this.#answer = limited;
    const { response: rate } = this.#rates;
    if (rate === undefined) return limited;
    this.#answerWatch = new RateWatch(rate, {
      get progress() {
        return limited.passed - client.unsent - (client.unacknowledged ?? 0);
      },
      get waitsForClient() {
        return client.unsent > 0;
      },
      get isExact() {
        return client.unacknowledged !== undefined;
      },
      get isOver() {
        return limited.ended;
      },
      tooSlow: ({ written, setting }) =>
        exchange.fail(tooSlow(`The client took the answer at less than ${written}.`, setting)),
    });
    return limited;
  }

  /** The exchange has ended. */
  close(): void {
    this.becomeTunnel();
    this.#turn?.cancel();
    this.session?.close();
  }

  /** No body follows. Whoever carries the tunnel closes `session`. */
  becomeTunnel(): void {
    this.#requestWatch?.stop();
    this.#answerWatch?.stop();
    this.#request?.close();
    this.#answer?.close();
  }
}

function tooSlow(message: string, setting: string): ProxyError {
  return badRequest(message, { status: 408, setting });
}
