import {
  type Authenticator,
  type CompilePattern,
  WaitingBytes,
  SessionEnds,
  type ProxyEnd,
  silentClients,
  type Logger,
  type Service,
  type ServiceLimits,
  type ServiceFilter,
  type SessionListener,
  type SessionListenerSlot,
  type SessionTracer,
  type Timers,
} from '@inband/core';
import type { BodyRules, ReaderFraming } from '../message/body/body-reader.ts';
import { bodyTimeouts, type BodyTimeouts } from './body-timeouts.ts';
import { ErrorPages } from '../answers/error-pages.ts';
import { Established } from '../answers/established.ts';
import type { RouteAnswers } from '../answers/route-answers.ts';
import { FieldChanges } from '../fields/field-changes.ts';
import type { FieldSource, OpenFieldSource, ServiceFieldRules } from '../fields/field-rules.ts';
import type { RouteRewrites } from '../rewriting/route-rewrite.ts';
import { httpDateLine } from '../message/http-date.ts';
import type { HeadLimits } from '../message/parser/head-parser.ts';
import { HeadReader } from '../message/parser/head-reader.ts';
import { ReaderPool } from '../message/parser/reader-pool.ts';
import { MendingReader } from '../message/parser/mending-reader.ts';
import { filterEnds } from './filter-ends.ts';
import type { FilterParents } from './filter-parents.ts';
import type { HttpOptions } from './options.ts';
import type { SecureHosts } from './secure-hosts.ts';
import type { TrustedProxies } from './trusted-proxies.ts';
import { timeoutTable, type TimeoutTable } from './timeouts.ts';
import { RequestHead, type RequestRules } from '../message/head/request-head.ts';
import type { RequestAdditions, ResponseAdditions } from '../message/head/serialise.ts';
import { Literal } from '../message/words.ts';
import { ResponseHead, type ResponseFraming } from '../message/head/response-head.ts';

export interface ContextDeps {
  readonly service: Service;
  readonly options: HttpOptions;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Limits the waiting bytes of all clients of several services. The default is one for this service alone. */
  readonly waitingBytes?: WaitingBytes;
  /** Called at the end of every request and tunnel. Nothing is recorded without it. */
  readonly onSession?: SessionListener | SessionListenerSlot;
  /** Where listeners lead here that speak TLS. */
  readonly secureHosts?: SecureHosts | undefined;
  /** Whether `onSession` wants to know what `RequestNotes` has. */
  readonly notesRequests?: boolean;
  /** What a CA may ask for. Without it such requests are like others. */
  readonly challenges?: AcmeChallenges | undefined;
  /** Told of every request. Without it nothing is traced. */
  readonly tracer?: SessionTracer | undefined;
  /** What routes answer without a server. Undefined where none does. */
  readonly routeAnswers?: RouteAnswers | undefined;
  /** What servers see in place of what clients ask for. Undefined where no route says so. */
  readonly routeRewrites?: RouteRewrites | undefined;
  /** Says who clients are. The proxy closes it. Without it everybody is nobody, unless a certificate says who it is. */
  readonly authenticator?: Authenticator | undefined;
  /** Who is believed about its clients. Without it nobody is. */
  readonly trustedProxies?: TrustedProxies | undefined;
  /** Look at requests and answers, in their order. Their owner closes them. */
  readonly filters?: readonly ServiceFilter[] | undefined;
  /** Reaches the parents that filters choose. The proxy closes it. Without it they can choose none. */
  readonly filterParents?: FilterParents | undefined;
  /** How fields are changed. Undefined where none is. */
  readonly fieldRules?: ServiceFieldRules | undefined;
  /** For fields that have values from files or the environment. */
  readonly openFieldSource?: OpenFieldSource | undefined;
  /** For rules with patterns. */
  readonly compilePattern?: CompilePattern | undefined;
  /** How much its clients and users may have. Undefined where there are no limits. */
  readonly limits?: ServiceLimits | undefined;
}

/** What a CA is to find at `/.well-known/acme-challenge/` and a token (http-01, RFC 8555 section 8.3). */
export interface AcmeChallenges {
  /** Whether there is one at present. */
  readonly hasOpen: boolean;
  /** What to answer for a token, or undefined if it is none of ours. */
  find(token: string): string | undefined;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What all connections of one HTTP proxy share, prepared once. */
export interface HttpContext {
  readonly service: Service;
  readonly options: HttpOptions;
  readonly logger: Logger;
  /** What is to be called at the end of a session. Not a getter, because one in an object literal makes V8 look up every property by hash. */
  readonly sessionEnds: SessionEnds;
  readonly secureHosts: SecureHosts | undefined;
  readonly notesRequests: boolean;
  /** Undefined where nobody orders certificates by http-01. */
  readonly challenges: AcmeChallenges | undefined;
  /** Undefined where nothing is traced. */
  readonly tracer: SessionTracer | undefined;
  /** Undefined where no route answers by itself. */
  readonly routeAnswers: RouteAnswers | undefined;
  /** For fields of these. */
  readonly openFieldSource: OpenFieldSource;
  /** Undefined where no route rewrites. */
  readonly routeRewrites: RouteRewrites | undefined;
  /** Undefined where clients are not asked who they are. */
  readonly authenticator: Authenticator | undefined;
  /** Undefined where nobody is believed about its clients. */
  readonly trustedProxies: TrustedProxies | undefined;
  /** Undefined where there are none. */
  readonly filters: readonly ServiceFilter[] | undefined;
  readonly filterParents: FilterParents | undefined;
  /** Undefined where no fields are changed. The step `change-fields` closes it. */
  readonly fieldChanges: FieldChanges | undefined;
  /** Undefined where there are no limits. */
  readonly limits: ServiceLimits | undefined;
  readonly end: ProxyEnd;
  /** Called for intercepted clients that sent nothing. */
  readonly onSilent: ReturnType<typeof silentClients>;
  readonly rules: RequestRules;
  readonly requestLimits: HeadLimits;
  /** Of clients that speak TLS. */
  readonly secureRequestLimits: HeadLimits;
  readonly responseLimits: HeadLimits;
  readonly trailerLimits: HeadLimits;
  /** `Via` lines for messages received as HTTP/1.0 and as HTTP/1.1. */
  readonly via: readonly [http10: Literal, http11: Literal];
  /** What is added to every request. */
  readonly requestAdditions: RequestAdditions;
  /** What is added to an answer. One object is changed for each answer, which is possible because it is used at once. */
  readonly responseAdditions: Mutable<ResponseAdditions>;
  /** Undefined where the operator has none. */
  readonly errorPages: ErrorPages | undefined;
  /** The answer that opens a tunnel. */
  readonly established: Established;
  readonly maxBody: number;
  /** How bodies are read, by the framing of the request and of the response. */
  readonly requestBodies: Readonly<Record<'none' | 'length' | 'chunked', BodyRules>>;
  readonly responseBodies: Readonly<Record<ResponseFraming, BodyRules>>;
  readonly requestReaders: ReaderPool<RequestHead>;
  readonly responseReaders: ReaderPool<ResponseHead>;
  readonly waitingBytes: WaitingBytes;
  readonly bodyTimeouts: BodyTimeouts;
  readonly timeouts: TimeoutTable;
  /** For timeouts that are not the same for the whole service. */
  readonly timers: Timers;
}

export function createContext(deps: ContextDeps): HttpContext {
  const { service, options, timers } = deps;
  const limits = { bytes: options.maxHeaderBytes, fields: options.maxHeaderFields, strict: options.strict };
  const trailerLimits = { ...limits, startLine: 0 };
  const bodies = bodyTimeouts(service.mode, options.bodyTimeout);
  const maxBody = options.maxBody ?? Number.MAX_SAFE_INTEGER;
  const via = [viaLine('1.0', options.via), viaLine('1.1', options.via)] as const;
  const end: ProxyEnd = { request: undefined, tunnel: undefined };
  const requestBody = (framing: ReaderFraming): BodyRules => ({ framing, maxBody, tolerant: false, trailerLimits });
  const responseBody = (framing: ReaderFraming): BodyRules => {
    return { framing, maxBody: Number.MAX_SAFE_INTEGER, tolerant: !options.strict, trailerLimits };
  };
  // The step `route` refuses `https://` where the chainer of the request's route speaks no TLS.
  const forwardsTls = service.mode === 'forward' && service.speaksTls === true;
  return {
    service,
    options,
    logger: deps.logger,
    secureHosts: deps.secureHosts,
    notesRequests: deps.notesRequests === true,
    challenges: deps.challenges,
    tracer: deps.tracer,
    routeAnswers: deps.routeAnswers,
    openFieldSource: deps.openFieldSource ?? noSources,
    routeRewrites: deps.routeRewrites,
    authenticator: deps.authenticator,
    trustedProxies: deps.trustedProxies,
    filters: deps.filters === undefined || deps.filters.length === 0 ? undefined : deps.filters,
    filterParents: deps.filterParents,
    fieldChanges: fieldChangesOf(deps),
    limits: deps.limits,
    onSilent: silentClients(deps.logger),
    end,
    sessionEnds: new SessionEnds(deps.onSession, deps.logger, end, filterEnds(deps.filters ?? [], deps.logger)),
    rules: {
      mode: service.mode,
      strict: options.strict,
      ownPages: service.mode === 'forward' && options.ownPages,
      pseudonym: Buffer.from(options.via.toLowerCase(), 'latin1'),
    },
    requestLimits: { ...limits, startLine: options.maxRequestLine, secure: forwardsTls },
    // To a forward proxy TLS is only the way there.
    secureRequestLimits: {
      ...limits,
      startLine: options.maxRequestLine,
      secure: forwardsTls || service.mode !== 'forward',
    },
    responseLimits: { ...limits, startLine: options.maxRequestLine },
    trailerLimits,
    via,
    responseAdditions: { via, date: httpDateLine, framing: 'none', close: false, sessionLogins: false },
    requestAdditions: { via, forwarded: undefined, traced: undefined, host: undefined },
    errorPages: Object.keys(options.errorPages).length === 0 ? undefined : new ErrorPages(options.errorPages),
    established: new Established(options.via),
    maxBody,
    requestBodies: { none: requestBody('none'), length: requestBody('length'), chunked: requestBody('chunked') },
    responseBodies: {
      none: responseBody('none'),
      length: responseBody('length'),
      chunked: responseBody('chunked'),
      close: responseBody('close'),
    },
    requestReaders: new ReaderPool(() => new HeadReader(new RequestHead())),
    responseReaders: new ReaderPool(() => new MendingReader(new ResponseHead(), 'response')),
    waitingBytes: deps.waitingBytes ?? new WaitingBytes(),
    bodyTimeouts: bodies,
    timeouts: timeoutTable(options, bodies, timers),
    timers,
  };
}

function fieldChangesOf({ service, fieldRules: rules, ...deps }: ContextDeps): FieldChanges | undefined {
  if (rules === undefined) return undefined;
  const { openFieldSource: open = noSources, compilePattern = noPatterns } = deps;
  return new FieldChanges({ rules, place: `services.${service.name}.fields`, open, compilePattern });
}

function noSources({ file, env }: FieldSource): never {
  throw new Error(`Nobody opens ${file ?? env}.`);
}

function noPatterns(source: string): never {
  throw new Error(`Nobody compiles ${source}.`);
}

function viaLine(version: string, pseudonym: string): Literal {
  return new Literal(`Via: ${version} ${pseudonym}\r\n`);
}
