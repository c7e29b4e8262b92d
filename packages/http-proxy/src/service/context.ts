import {
  WaitingBytes,
  SessionEnds,
  type ProxyEnd,
  silentClients,
  type TimeoutList,
  FIRST_MOMENT,
  type Logger,
  type Service,
  type SessionListener,
  type Timers,
} from '@inband/core';
import type { BodyOptions } from '../message/body/body-relay.ts';
import { bodyTimeouts, type BodyTimeouts } from './body-timeouts.ts';
import { Established } from '../answers/established.ts';
import type { HeadLimits } from '../message/head/head-parser.ts';
import { HeadReader } from '../message/head/head-reader.ts';
import { ReaderPool } from '../message/head/reader-pool.ts';
import { MendingReader } from '../message/head/mending-reader.ts';
import type { HttpOptions } from './options.ts';
import { RequestHead, type RequestRules } from '../message/head/request-head.ts';
import { Literal } from '../message/words.ts';
import { ResponseHead, type ResponseFraming } from '../message/head/response-head.ts';

export interface HttpProxyDeps {
  readonly service: Service;
  readonly options: HttpOptions;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Bounds what all clients of several services have sent that cannot be used yet. Left out: one for this service alone. */
  readonly waitingBytes?: WaitingBytes;
  /** Hears of every request and tunnel at its end. Without it nothing is gathered for it. */
  readonly onSession?: SessionListener;
}

/** What all connections of one HTTP proxy share, prepared once. */
export interface HttpContext {
  readonly service: Service;
  readonly options: HttpOptions;
  readonly logger: Logger;
  readonly onSession: SessionListener | undefined;
  readonly end: ProxyEnd;
  /** Hears of intercepted clients that asked for nothing. */
  readonly onSilent: ReturnType<typeof silentClients>;
  readonly rules: RequestRules;
  readonly requestLimits: HeadLimits;
  readonly responseLimits: HeadLimits;
  readonly trailerLimits: HeadLimits;
  /** `Via` lines for messages received as HTTP/1.0 and as HTTP/1.1. */
  readonly via: readonly [http10: Literal, http11: Literal];
  /** The answer that opens a tunnel. */
  readonly established: Established;
  readonly maxBody: number;
  /** How bodies are carried, by the framing of the request, and by that of the response and what the client can take. */
  readonly requestBodies: Readonly<Record<'none' | 'length' | 'chunked', BodyOptions>>;
  readonly responseBodies: Readonly<Record<'raw' | 'chunked', Readonly<Record<ResponseFraming, BodyOptions>>>>;
  readonly requestReaders: ReaderPool<RequestHead>;
  readonly responseReaders: ReaderPool<ResponseHead>;
  readonly waitingBytes: WaitingBytes;
  readonly bodyTimeouts: BodyTimeouts;
  readonly waits: Waits;
}

/** The bounded waits of a client connection. */
export interface Waits {
  readonly firstByte: TimeoutList;
  readonly idle: TimeoutList;
  /** For the first request of a client, while the proxy drains. */
  readonly first: TimeoutList;
  readonly header: TimeoutList;
  readonly response: TimeoutList;
  readonly requestBody: TimeoutList;
  readonly responseBody: TimeoutList;
  readonly responseAfterEnd: TimeoutList;
  readonly halfClose: TimeoutList;
  readonly tunnelIdle: TimeoutList;
  readonly tunnelHalfClose: TimeoutList;
  readonly linger: TimeoutList;
}

/** How long a connection that was answered for the last time is read on, so that the answer is not lost. */
const LINGER = 2_000;

export function createContext(deps: HttpProxyDeps): HttpContext {
  const { service, options, timers } = deps;
  const limits = { bytes: options.maxHeaderBytes, fields: options.maxHeaderFields, strict: options.strict };
  const trailerLimits = { ...limits, startLine: 0 };
  const bodies = bodyTimeouts(service.mode, options.bodyTimeout);
  const maxBody = options.maxBody ?? Number.MAX_SAFE_INTEGER;
  const end: ProxyEnd = { stopped: false };
  const sessionEnds = new SessionEnds(deps.onSession, deps.logger, end);
  return {
    service,
    options,
    logger: deps.logger,
    onSilent: silentClients(deps.logger),
    end,
    get onSession() {
      return sessionEnds.listener;
    },
    rules: { mode: service.mode, strict: options.strict, pseudonym: Buffer.from(options.via.toLowerCase(), 'latin1') },
    requestLimits: { ...limits, startLine: options.maxRequestLine },
    responseLimits: { ...limits, startLine: options.maxRequestLine },
    trailerLimits,
    via: [viaLine('1.0', options.via), viaLine('1.1', options.via)],
    established: new Established(options.via),
    maxBody,
    requestBodies: {
      none: { source: 'none', sink: 'raw', maxBody, tolerant: false, trailerLimits },
      length: { source: 'length', sink: 'raw', maxBody, tolerant: false, trailerLimits },
      chunked: { source: 'chunked', sink: 'chunked', maxBody, tolerant: false, trailerLimits },
    },
    responseBodies: { raw: responseBodies('raw', trailerLimits), chunked: responseBodies('chunked', trailerLimits) },
    requestReaders: new ReaderPool(() => new HeadReader(new RequestHead())),
    responseReaders: new ReaderPool(() => new MendingReader(new ResponseHead(), 'response')),
    waitingBytes: deps.waitingBytes ?? new WaitingBytes(),
    bodyTimeouts: bodies,
    waits: {
      firstByte: timers.list(Math.min(options.firstByteTimeout, options.idleTimeout)),
      idle: timers.list(options.idleTimeout),
      first: timers.list(Math.min(FIRST_MOMENT, options.idleTimeout)),
      header: timers.list(options.headerTimeout),
      response: timers.list(options.responseTimeout),
      requestBody: timers.list(bodies.request),
      responseBody: timers.list(bodies.response),
      responseAfterEnd: timers.list(bodies.responseAfterEnd),
      halfClose: timers.list(options.halfCloseTimeout),
      tunnelIdle: timers.list(options.tunnelIdleTimeout),
      tunnelHalfClose: timers.list(Math.min(options.tunnelHalfCloseTimeout, options.tunnelIdleTimeout)),
      linger: timers.list(LINGER),
    },
  };
}

function responseBodies(sink: 'raw' | 'chunked', trailerLimits: HeadLimits): Record<ResponseFraming, BodyOptions> {
  const of = (source: ResponseFraming): BodyOptions => {
    return {
      source,
      sink: source === 'length' ? 'raw' : sink,
      maxBody: Number.MAX_SAFE_INTEGER,
      tolerant: !trailerLimits.strict,
      trailerLimits,
    };
  };
  return { none: of('none'), length: of('length'), chunked: of('chunked'), close: of('close') };
}

function viaLine(version: string, pseudonym: string): Literal {
  return new Literal(`Via: ${version} ${pseudonym}\r\n`);
}
