import type { DeadlineList, Logger, Service, SessionListener, Timers } from '@inband/core';
import type { HeadLimits } from './head-parser.ts';
import { ReaderPool } from './head-reader.ts';
import type { HttpOptions } from './options.ts';
import { RequestHead, type RequestRules } from './request-head.ts';
import { ResponseHead } from './response-head.ts';

export interface HttpProxyDeps {
  readonly service: Service;
  readonly options: HttpOptions;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Hears of every request and tunnel at its end. Without it nothing is gathered for it. */
  readonly onSession?: SessionListener;
}

/** What all connections of one HTTP proxy share, prepared once. */
export interface HttpContext {
  readonly service: Service;
  readonly options: HttpOptions;
  readonly logger: Logger;
  readonly onSession: SessionListener | undefined;
  readonly rules: RequestRules;
  readonly requestLimits: HeadLimits;
  readonly responseLimits: HeadLimits;
  readonly trailerLimits: HeadLimits;
  /** `Via` lines for messages received as HTTP/1.0 and as HTTP/1.1. */
  readonly via: readonly [Buffer, Buffer];
  readonly maxBody: number;
  readonly requestReaders: ReaderPool<RequestHead>;
  readonly responseReaders: ReaderPool<ResponseHead>;
  readonly waits: Waits;
}

/** The bounded waits of a client connection. */
export interface Waits {
  readonly idle: DeadlineList;
  readonly header: DeadlineList;
  readonly response: DeadlineList;
  readonly body: DeadlineList;
  readonly tunnelIdle: DeadlineList;
  readonly linger: DeadlineList;
}

/** How long a connection that was answered for the last time is read on, so that the answer is not lost. */
const LINGER = 2_000;

export function createContext(deps: HttpProxyDeps): HttpContext {
  const { service, options, timers } = deps;
  const limits = { octets: options.maxHeaderBytes, fields: options.maxHeaderFields };
  return {
    service,
    options,
    logger: deps.logger,
    onSession: deps.onSession,
    rules: { mode: service.mode, pseudonym: Buffer.from(options.via.toLowerCase(), 'latin1') },
    requestLimits: { ...limits, startLine: options.maxRequestLine },
    responseLimits: { ...limits, startLine: options.maxRequestLine },
    trailerLimits: { ...limits, startLine: 0 },
    via: [viaLine('1.0', options.via), viaLine('1.1', options.via)],
    maxBody: options.maxBody ?? Number.MAX_SAFE_INTEGER,
    requestReaders: new ReaderPool(() => new RequestHead()),
    responseReaders: new ReaderPool(() => new ResponseHead()),
    waits: {
      idle: timers.list(options.idleTimeout),
      header: timers.list(options.headerTimeout),
      response: timers.list(options.responseTimeout),
      body: timers.list(options.bodyTimeout),
      tunnelIdle: timers.list(options.tunnelIdleTimeout),
      linger: timers.list(LINGER),
    },
  };
}

function viaLine(version: string, pseudonym: string): Buffer {
  return Buffer.from(`Via: ${version} ${pseudonym}\r\n`, 'latin1');
}
