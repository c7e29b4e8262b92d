import {
  type DialMessage,
  dialChannel,
  type ErrorFacts,
  type ExchangeMessage,
  exchangeChannel,
  formatSockAddr,
  type Logger,
  type LookupMessage,
  lookupChannel,
  type Session,
  type SessionMessage,
  sessionChannel,
  type SessionTracer,
  type SockAddr,
  type TracedRequest,
} from '@inband/core';
import type * as OpenTelemetry from '@opentelemetry/api';
import type { Attributes, Context, Link, Span, Tracer } from '@opentelemetry/api';
import { addressOf, firstAttributes, handshakeAttributes, lastAttributes, spanName } from './attributes.ts';
import { secrets } from '../secrets/secret-texts.ts';
import { parseTraceparent, traceLines } from './trace-context.ts';

/** A session that is going on. */
interface Trace {
  readonly session: Session;
  readonly span: Span;
  /** Parent of what happens within the session. */
  readonly context: Context;
  /** The spans that have begun and not ended: `dns lookup`, `first byte`, a dial by its address. */
  readonly open: Map<string, Span>;
}

export interface SessionSpansDeps {
  readonly api: typeof OpenTelemetry;
  readonly tracer: Tracer;
  readonly logger: Logger;
  /** Whether servers are told of the trace. */
  readonly propagate: boolean;
}

/** Whether a trace of a client is gone on with. */
type Trusts = (client: SockAddr) => boolean;

const LOOKUP = 'dns lookup';
const HANDSHAKE = 'tls handshake';
const HELLO = 'client hello';
const FIRST_BYTE = 'first byte';

/**
 * Makes a span of every session, and one within it of each look-up, each dial, each handshake with a server, the ClientHello and the wait for the first
 * byte. A protocol proxy tells it
 * of the beginning (`tracerFor`); the rest is heard on the channels of `diagnostics`.
 */
export class SessionSpans {
  readonly #deps: SessionSpansDeps;
  readonly #traces = new Map<number, Trace>();
  #warned = false;
  /** Called when no session is going on. */
  #whenIdle: (() => void) | undefined = undefined;

  constructor(deps: SessionSpansDeps) {
    this.#deps = deps;
    sessionChannel.subscribe(this.#onSession);
    lookupChannel.subscribe(this.#onLookup);
    dialChannel.subscribe(this.#onDial);
    exchangeChannel.subscribe(this.#onExchange);
  }

  /** For the sessions of one service. */
  tracerFor(trusts: Trusts): SessionTracer {
    return {
      begin: (session, request) => this.#safely(() => this.#begin(session, request, trusts)),
      linesFor: ({ id }) => this.#linesFor(this.#traces.get(id)),
    };
  }

  /** Resolves when no session is going on. What is closed tells of its end a moment later. */
  idle(): Promise<void> {
    if (this.#traces.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#whenIdle = resolve));
  }

  /** Ends what has not ended. To be called once. */
  close(): void {
    sessionChannel.unsubscribe(this.#onSession);
    lookupChannel.unsubscribe(this.#onLookup);
    dialChannel.unsubscribe(this.#onDial);
    exchangeChannel.unsubscribe(this.#onExchange);
    for (const { span } of this.#traces.values()) span.end();
    this.#traces.clear();
  }

  /** An SDK that throws must not end the process, nor the request. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#warned) return;
      this.#warned = true;
      this.#deps.logger.error({ err: error }, 'the SDK for traces has failed; later failures of it are not logged');
    }
  }

  #begin(session: Session, request: TracedRequest | undefined, trusts: Trusts): void {
    const { api, tracer } = this.#deps;
    const { parent, links } = this.#parentOf(session, request, trusts);
    const kind = api.SpanKind.SERVER;
    const attributes = secrets.redactAll(firstAttributes(session, request));
    const span = tracer.startSpan(spanName(session, request), { kind, attributes, links }, parent);
    const trace = { session, span, context: api.trace.setSpan(parent, span), open: new Map<string, Span>() };
    this.#traces.set(session.id, trace);
    if (request === undefined) this.#start(trace, HELLO, HELLO, {});
  }

  /**
   * A stacked session is a part of the outer one. Else it is a part of the client's trace, if that is trusted. A trace of another client is only linked to, because
   * who knows its id could add to it.
   */
  #parentOf(session: Session, request: TracedRequest | undefined, trusts: Trusts): { parent: Context; links: Link[] } {
    const { trace, createTraceState, ROOT_CONTEXT } = this.#deps.api;
    const outer = session.parent === undefined ? undefined : this.#traces.get(session.parent.id);
    const remote = parseTraceparent(request?.traceparent);
    if (outer !== undefined) return { parent: outer.context, links: [] };
    if (remote === undefined) return { parent: ROOT_CONTEXT, links: [] };
    if (!trusts(session.client.address)) return { parent: ROOT_CONTEXT, links: [{ context: remote }] };
    const traceState = createTraceState(request?.tracestate);
    return { parent: trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceState }), links: [] };
  }

  #linesFor(trace: Trace | undefined): string | undefined {
    if (trace === undefined || !this.#deps.propagate) return undefined;
    const context = trace.span.spanContext();
    return this.#deps.api.isSpanContextValid(context) ? traceLines(context) : undefined;
  }

  // ---- spans within a session

  /** `key`: by which it is ended. */
  #start({ open, context }: Trace, key: string, name: string, attributes: Attributes): void {
    const { api, tracer } = this.#deps;
    const shown = secrets.redactAll(attributes);
    open.set(key, tracer.startSpan(name, { kind: api.SpanKind.INTERNAL, attributes: shown }, context));
  }

  #finish({ open }: Trace, key: string, attributes: Attributes = {}, error?: ErrorFacts): void {
    const span = open.get(key);
    if (span === undefined) return;
    open.delete(key);
    span.setAttributes(attributes);
    if (error !== undefined) this.#fail(span, error);
    span.end();
  }

  #fail(span: Span, { code, message, errno }: ErrorFacts): void {
    span.setAttributes({ 'error.type': code, ...(errno !== undefined && { 'inband.errno': errno }) });
    span.setStatus({ code: this.#deps.api.SpanStatusCode.ERROR, message: secrets.redact(message) });
  }

  // ---- the channels

  /** What is published of sessions of others (another proxy of this process, or from before) is not for these spans. */
  #hear<Message extends { readonly session: number }>(
    handle: (trace: Trace, message: Message) => void,
  ): (message: Message) => void {
    return (message) => {
      const trace = this.#traces.get(message.session);
      if (trace !== undefined) this.#safely(() => handle(trace, message));
    };
  }

  readonly #onSession = this.#hear<SessionMessage>((trace, message) => {
    if (message.event === 'routed') this.#finish(trace, HELLO);
    if (message.event !== 'ended') return;
    const { session, span, open } = trace;
    this.#traces.delete(session.id);
    for (const key of open.keys()) this.#finish(trace, key, {}, message.error);
    span.setAttributes(secrets.redactAll(lastAttributes(session, message)));
    // By the conventions of HTTP, what a client did wrong is no error of the server's span.
    const isFailure = message.verdict === 'connection-failed' || message.status >= 500;
    const status = { code: this.#deps.api.SpanStatusCode.ERROR };
    if (isFailure) {
      const text = message.error && secrets.redact(message.error.message);
      span.setStatus(text === undefined ? status : { ...status, message: text });
    }
    span.end();
    if (this.#traces.size === 0) this.#whenIdle?.();
  });

  readonly #onLookup = this.#hear<LookupMessage>((trace, message) => {
    if (message.event === 'started') this.#start(trace, LOOKUP, LOOKUP, { 'dns.question.name': message.host });
    else if (message.event === 'answered') this.#finish(trace, LOOKUP, { 'inband.addresses': message.addresses });
    else this.#finish(trace, LOOKUP, {}, message.error);
  });

  readonly #onDial = this.#hear<DialMessage>((trace, message) => {
    const address = formatSockAddr(message.server);
    const [dial, handshake] = [`connect ${address}`, `handshake ${address}`];
    const peer = addressOf('network.peer', message.server);
    switch (message.event) {
      case 'started': {
        const transport = message.server.family === 'unix' ? 'unix' : 'tcp';
        return this.#start(trace, dial, 'connect', { ...peer, 'network.transport': transport });
      }
      case 'waiting':
        return void trace.open.get(dial)?.addEvent('out of descriptors');
      case 'securing':
        return this.#start(trace, handshake, HANDSHAKE, { ...peer, 'inband.server.tls.name': message.name });
      case 'secured':
        return this.#finish(trace, handshake, handshakeAttributes(message));
      case 'connected':
        return this.#finish(trace, dial);
      case 'failed':
        this.#finish(trace, handshake, {}, message.error);
        this.#finish(trace, dial, {}, message.error);
    }
  });

  readonly #onExchange = this.#hear<ExchangeMessage>((trace, message) => {
    switch (message.event) {
      case 'connected':
        if (trace.session.method === 'CONNECT') return;
        return this.#start(trace, FIRST_BYTE, FIRST_BYTE, {
          ...addressOf('network.peer', message.server),
          'inband.reused': message.reused,
        });
      case 'interim':
        if (message.status === 101) this.#finish(trace, FIRST_BYTE, { 'http.response.status_code': 101 });
        return;
      case 'answered':
        return this.#finish(trace, FIRST_BYTE, { 'http.response.status_code': message.status });
      case 'retried':
        this.#finish(trace, FIRST_BYTE, {}, message.error);
        return void trace.span.addEvent('retried', { 'inband.retries': message.retries });
      case 'refused':
        return void trace.span.setAttribute('inband.refused_by', message.step);
      default:
    }
  });
}
