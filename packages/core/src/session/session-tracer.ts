import type { Session } from './session.ts';

/** What a trace says of a request, and the fields by which it may be a part of another trace. */
export interface TracedRequest {
  /** The target as the client wrote it; undefined where none was understood. */
  readonly url: string | undefined;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: number;
  /** The field `traceparent`; undefined where there is none, or more than one (W3C Trace Context). */
  readonly traceparent: string | undefined;
  /** The fields `tracestate`, joined. */
  readonly tracestate: string | undefined;
}

/**
 * Makes traces of sessions. Protocol proxies tell it what the messages of `node:diagnostics_channel` do not say, because those hold no fields.
 * None of its methods throws.
 */
export interface SessionTracer {
  /** A session has begun, and nothing of it was evaluated yet. `request`: of a protocol with requests. */
  begin(session: Session, request?: TracedRequest): void;
  /** Lines of a request head that have the server go on with the trace. Undefined: what the client says of it passes. */
  linesFor(session: Session): string | undefined;
}
