import {
  AuthenticationError,
  DefectError,
  LimitError,
  PROXY_ERRORS,
  type ProxyError,
  type ServiceMode,
} from '@inband/core';
import type { ChangeError } from '../fields/field-changes.ts';
import type { OwnField } from '../fields/own-fields.ts';
import { errorPage } from './error-page.ts';
import type { ErrorPages } from './error-pages.ts';
import { PROTECTION, TEMPLATE_PROTECTION } from './html-page.ts';
import { type PageTemplate, type PageValues, renderPage } from './page-template.ts';
import { whatToDo } from './what-to-do.ts';

/** What is known about the request that is answered. */
export interface ErrorContext {
  readonly mode: ServiceMode;
  /** Our name, for `Proxy-Status`. */
  readonly pseudonym: string;
  readonly method: string;
  /** The target as the client wrote it, where it was understood. */
  readonly url: string | undefined;
  /** Whether the client is on this machine: others are not told about the configuration. */
  readonly isLocal: boolean;
  /** Whether the client prefers a page to JSON. */
  readonly html: boolean;
  /** Pages of the operator; undefined where there are none. */
  readonly pages?: ErrorPages | undefined;
  /** The setting that would change the outcome, as a path from the top of the configuration. */
  readonly setting: string | undefined;
  /** The id of the request in the log; undefined where it has none. */
  readonly id?: string | undefined;
  /** Changes the fields as rules say, but for those that frame the answer. */
  readonly changeFields?: ChangeError | undefined;
  readonly date: string;
  /** Whether the client connection is open for another request. */
  readonly keepAlive: boolean;
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
};

/** Longest URL that a page shows whole. */
const LONGEST_URL = 2_000;

/** The response to a request that failed. It says what failed, whose fault it is, and what would change it. */
export function errorResponse(error: ProxyError, context: ErrorContext): Buffer {
  const title = TITLES[error.status] ?? 'Error';
  const detail = detailFor(error, context);
  const template = context.html ? context.pages?.for(error) : undefined;
  const body = context.html ? page(error, title, detail, context, template) : problem(error, title, detail, context);
  const fields = fieldsOf(error, context, { detail, template, length: Buffer.byteLength(body) });
  const lines = [
    `HTTP/1.1 ${error.status} ${title}`,
    `Date: ${context.date}`,
    ...(context.changeFields?.(fields, error.status) ?? fields).map(([name, value]) => `${name}: ${value}`),
    ...(context.keepAlive ? [] : ['Connection: close']),
  ];
  // A character of a field stands for a byte.
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return context.method === 'HEAD' ? head : Buffer.concat([head, Buffer.from(body)]);
}

interface Content {
  readonly detail: string;
  readonly template: PageTemplate | undefined;
  readonly length: number;
}

function fieldsOf(error: ProxyError, context: ErrorContext, { detail, template, length }: Content): OwnField[] {
  const status = `${context.pseudonym}; error=${error.code};${alertParameters(error, context)}${receivedParameter(error, context)}${idParameter(context)} details=${quoted(detail)}`;
  return [
    ['Content-Type', context.html ? 'text/html; charset=utf-8' : 'application/problem+json'],
    ['Content-Length', String(length)],
    ['Cache-Control', 'no-store'],
    ...(template === undefined ? PROTECTION : TEMPLATE_PROTECTION),
    ['Proxy-Status', status],
    ...(error instanceof AuthenticationError ? challengesOf(error) : []),
    ...(error.retryAfter === undefined ? [] : [['Retry-After', String(error.retryAfter)] as const]),
    ...(error instanceof LimitError ? limitsOf(error) : []),
    ...(error.status === 405 ? [['Allow', 'GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH'] as const] : []),
  ];
}

function challengesOf({ status, challenges }: AuthenticationError): OwnField[] {
  const name = status === 407 ? 'Proxy-Authenticate' : 'WWW-Authenticate';
  return challenges.map((challenge) => [name, challenge]);
}

/** What there may be of requests, and what is left (draft-ietf-httpapi-ratelimit-headers). */
function limitsOf({ policy, retryAfter = 1 }: LimitError): OwnField[] {
  if (policy === undefined) return [];
  const { name, quota, window, remaining } = policy;
  return [
    ['RateLimit-Policy', `"${name}";q=${quota};w=${window}`],
    ['RateLimit', `"${name}";r=${remaining};t=${retryAfter}`],
  ];
}

/** Of `tls_alert_received` (RFC 9209 section 2.3.15). Strangers are not told about the servers behind a reverse proxy. */
function alertParameters({ alert }: ProxyError, { mode }: ErrorContext): string {
  if (alert === undefined || mode === 'reverse') return '';
  return ` alert-id=${alert.number}; alert-message=${alert.name};`;
}

/** What a parent proxy has answered with (RFC 9209 section 2.1.4). */
function receivedParameter({ receivedStatus }: ProxyError, { mode }: ErrorContext): string {
  return receivedStatus === undefined || mode === 'reverse' ? '' : ` received-status=${receivedStatus};`;
}

/**
 * A parameter of our own (RFC 9209 section 2.2). A text that is not the last one, because some clients take a `0` before
 * an empty line for the end of a chunked body.
 */
function idParameter({ id }: ErrorContext): string {
  return id === undefined ? '' : ` id=${quoted(id)};`;
}

/**
 * Clients of a reverse proxy are strangers: they are not told about the servers behind it. Clients of other machines are not told
 * places in the configuration. Nobody is told of defects.
 */
function detailFor(error: ProxyError, { mode, isLocal }: ErrorContext): string {
  const isForTheLog =
    error instanceof DefectError ||
    (mode === 'reverse' && error.fault !== 'client') ||
    (!isLocal && error.setting !== undefined && error.message.includes(error.setting));
  return isForTheLog ? PROXY_ERRORS[error.code].description : error.message;
}

function settingFor(error: ProxyError, { mode, isLocal, setting }: ErrorContext): string | undefined {
  return !isLocal || (mode === 'reverse' && error.fault !== 'client') ? undefined : setting;
}

/** RFC 9457. */
function problem(error: ProxyError, title: string, detail: string, context: ErrorContext): string {
  const setting = settingFor(error, context);
  const fields = {
    type: `urn:inband:error:${error.code}`,
    title,
    status: error.status,
    detail,
    error: error.code,
    fault: error.fault,
    retry: error.retry,
    ...(setting === undefined ? {} : { setting }),
    ...(context.id === undefined ? {} : { id: context.id }),
  };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}

function page(
  error: ProxyError,
  title: string,
  detail: string,
  context: ErrorContext,
  template: PageTemplate | undefined,
): string {
  const { url, date, pseudonym, mode, id } = context;
  // Whoever asks a reverse proxy knows of no proxy, and can do nothing about the servers behind it but wait.
  const isStranger = mode === 'reverse' && error.fault !== 'client';
  const values: PageValues = {
    status: String(error.status),
    title,
    detail,
    advice: isStranger ? (error.retry ? 'Try again.' : undefined) : whatToDo(error),
    url: url === undefined ? undefined : shortened(url),
    setting: settingFor(error, context),
    date,
    proxy: pseudonym,
    error: error.code,
    fault: error.fault,
    id,
  };
  return template === undefined ? errorPage(values) : renderPage(template, values);
}

function shortened(url: string): string {
  return url.length > LONGEST_URL ? `${url.slice(0, LONGEST_URL)}…` : url;
}

/** An sf-string (RFC 9651 section 3.3.3): printable ASCII in quotes. */
function quoted(value: string): string {
  return `"${value.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`;
}
