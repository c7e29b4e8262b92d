import type { ProxyError, Timers } from '@inband/core';
import type { BodySink } from '../../message/body/body-sink.ts';
import type { RequestHead } from '../../message/head/request-head.ts';
import type { ClientSide } from '../../sides/client-side.ts';
import type { ServerSide } from '../../sides/server-side.ts';

/** The exchange whose bodies are looked at. */
export interface BodyCall {
  readonly context: { readonly timers: Timers };
  readonly client: ClientSide;
  readonly server: ServerSide | undefined;
  readonly request: RequestHead;
  readonly session: { readonly signal: AbortSignal };
  /** The answer has come, and is kept back. */
  readonly answerIsKept: boolean;
  /** `sink` for the request's body, with the limits of the exchange. */
  limitRequest(sink: BodySink): BodySink;
  /** The rest of the request's body is waited for. */
  expectRequest(): void;
  fail(error: ProxyError): void;
  /** Part of an answer that is changed was written. */
  changedAnswerMoved(): void;
  /** An answer that is changed was written whole. */
  changedAnswerEnded(): void;
}
