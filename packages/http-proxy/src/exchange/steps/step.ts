import type { MaybePromise, ProxyError, Route, ServerConnection, Session } from '@inband/core';
import type { ExchangeBodies } from '../bodies/exchange-bodies.ts';
import type { ExchangeBytes } from '../../bytes/exchange-bytes.ts';
import type { OwnAnswer } from '../../answers/own-answer.ts';
import type { RequestHead } from '../../message/head/request-head.ts';
import type { ResponseHead } from '../../message/head/response-head.ts';
import type { HttpContext } from '../../service/context.ts';
import type { ClientSide } from '../../sides/client-side.ts';

/**
 * One thing that happens to every request of a service between "understood" and "sent".
 *
 * **The life of it.**
 * - A factory in `exchange/steps/` makes it once, with the service, or makes none where the options leave nothing for it to do. The list is
 *   in `exchange/steps.ts`. What others read of a step (a count, a limit that steps share) is a member of HttpContext, which the factory
 *   is given.
 * - `request` runs once for each request, in the order of the list. From `connect` on it runs once more where the request is tried again on
 *   another connection.
 * - `response` runs in the reverse order when the final head of a server's answer has come, before anything of it is sent. It may return a
 *   promise, for which the answer is kept back, except of a switch of protocols (101).
 * - `close` runs once, when no request goes on any more, at the end of the proxy or of the old configuration after a reload. It runs also
 *   if the service served no request, as in `inband check`. What it throws is logged as a defect.
 *
 * **What it may do.**
 * - Look at everything in {@link Call}.
 * - Refuse, by throwing a ProxyError. The client is told, and the log names the rule.
 * - Answer, by `call.answer`. No later step runs then.
 * - Wait, by returning a promise. The client's other bytes wait meanwhile, the time counts as connecting (`http.responseTimeout`), and a
 *   rejection refuses. A step that waited must not touch the call when `call.isOver`, because the client has gone.
 *
 * **What it may not do.**
 * - Keep the call, a head or any bytes after it returned. A promise may keep the call until it settles.
 * - Write to the client or the server.
 * - Allocate where it has nothing to say, because it runs for every request.
 */
export interface Step {
  /** For `inband explain` and for stack traces. Unique in a list. */
  readonly name: string;
  readonly request: (call: Call) => MaybePromise<void>;
  readonly response?: (call: Call, head: ResponseHead) => MaybePromise<void>;
  /** For what it holds or has counted. */
  readonly close?: () => void;
}

/** A request on its way through the steps. */
export interface Call {
  readonly context: HttpContext;
  readonly client: ClientSide;
  readonly session: Session;
  /** Understood. Valid until the answer has started, and to be read only. */
  readonly request: RequestHead;
  /** Where the request goes, once that is known. */
  readonly route: Route | undefined;
  /** It is answered, refused, or the client has gone. */
  readonly isOver: boolean;
  /** Its bodies, for steps that look at them or change them. */
  readonly bodies: ExchangeBodies;
  /** The limits of its bytes, which it closes. A step sets them. */
  bytes: ExchangeBytes | undefined;
  /** Answers instead of a server. `refusal`: why the request is refused by that, for the log. */
  answer(answer: OwnAnswer, refusal?: ProxyError): void;
  /** Notes where the request goes. */
  takeRoute(route: Route): void;
  /** Takes over the connection to the server. Not to be called when the exchange is over. */
  connected(server: ServerConnection): void;
  /** Sends the request to the server that it is connected to, or opens the tunnel. */
  send(): void;
}
