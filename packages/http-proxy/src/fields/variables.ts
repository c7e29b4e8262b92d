import { formatIp, type HostPort, parseIp, requestId, type Session, type SockAddr } from '@inband/core';
import { reachedHost } from '../message/authority.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { speaksTls } from '../message/speaks-tls.ts';

/** What rules and variables look at of a request. A `RequestHead` that is understood and valid is one. */
export type AskedRequest = Pick<
  RequestHead,
  'method' | 'target' | 'namesTls' | 'buffer' | 'base' | 'pathStart' | 'pathEnd'
>;

/** Of what variables speak. A `Call` is one. */
export interface Subject {
  readonly session: Session;
  readonly request: AskedRequest;
}

/** The same when the head is gone. */
export function copyOfRequest({
  method,
  target,
  namesTls,
  buffer,
  base,
  pathStart,
  pathEnd,
}: AskedRequest): AskedRequest {
  const path = Buffer.from(buffer.subarray(base + pathStart, base + pathEnd));
  return { method, target, namesTls, buffer: path, base: 0, pathStart: 0, pathEnd: path.length };
}

/** What a variable may be asked for: a value has a character for each byte (latin1). */
type Variable = (subject: Subject) => string;

/** The variables of templates, by their names: docs/fields.md. What is not known is the empty text. */
const VARIABLES: Readonly<Record<string, Variable>> = {
  'client.address': ({ session }) => hostOf(session.client.address),
  'client.port': ({ session }) => portOf(session.client.address),
  user: ({ session }) => bytesOf(session.user ?? ''),
  'request.id': ({ session }) => requestId(session),
  'request.method': ({ request }) => request.method,
  'request.scheme': ({ session, request }) => (isSecure(session, request) ? 'https' : 'http'),
  'request.host': (subject) => inUrl(askedHost(subject).host),
  'request.port': (subject) => String(askedHost(subject).port),
  'request.target': ({ request }) => targetOf(request),
  'request.path': ({ request }) => targetOf(request).replace(/\?.*/s, ''),
  'request.query': ({ request }) => targetOf(request).replace(/^[^?]*\??/s, ''),
  'server.address': ({ session }) => (session.serverAddress === undefined ? '' : hostOf(session.serverAddress)),
  'server.port': ({ session }) => (session.serverAddress === undefined ? '' : portOf(session.serverAddress)),
  service: ({ session }) => bytesOf(session.service.name),
  route: ({ session }) => bytesOf(session.route?.name ?? ''),
};

export const VARIABLE_NAMES: readonly string[] = Object.keys(VARIABLES);

/** What is known only when a server has been connected to. */
export const LATE_VARIABLES: ReadonlySet<string> = new Set(['server.address', 'server.port']);

/** Variables whose values are parts of URLs already. */
export const URL_VARIABLES: ReadonlySet<string> = new Set([
  'request.scheme',
  'request.host',
  'request.port',
  'request.target',
  'request.path',
  'request.query',
]);

export function variableOf(name: string): Variable | undefined {
  return Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
}

function hostOf(address: SockAddr): string {
  return address.family === 'unix' ? bytesOf(address.path) : address.address;
}

function portOf(address: SockAddr): string {
  return address.family === 'unix' || address.port === 0 ? '' : String(address.port);
}

/** What the client asked for. One of HTTP/1.0 that names no host is taken to ask for where it reached us, as the server is told. */
export function askedHost({ session: { client }, request: { target } }: Subject): HostPort {
  return target.host === '' ? reachedHost(client.local, client.tls !== undefined) : target;
}

/** Whether the client asked for https. */
export function isSecure({ client, service }: Session, request: AskedRequest): boolean {
  return request.namesTls || speaksTls(client, service.mode);
}

/** IPv6 in brackets. */
export function inUrl(host: string): string {
  const ip = host.includes(':') ? parseIp(host) : undefined;
  return ip === undefined ? host : `[${formatIp(ip)}]`;
}

/** Path and query as they are in a URL: they begin with a slash, and what no URL has in it is escaped. */
export function targetOf({ buffer, base, pathStart, pathEnd }: AskedRequest): string {
  const written = buffer.toString('latin1', base + pathStart, base + pathEnd);
  const target = written.startsWith('/') ? written : `/${written === '*' ? '' : written}`;
  return target.replace(NOT_IN_URL, escapeByte);
}

/** RFC 3986 section 3.3 and 3.4; "%" stays, because it begins an escape. */
const NOT_IN_URL = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/g;

function escapeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}
