import { formatHostPort, ProxyError, type RequestForm, type Session } from '@inband/core';
import { Field } from '../message/field-names.ts';
import { namesConnectionScheme } from '../message/head/connection-login.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import type { RequestAdditions } from '../message/head/serialise.ts';
import { Literal } from '../message/words.ts';

const DEFAULT_PORT = ':80';

/** What a request to a parent proxy has that one to a server has not. The target is what policy was asked about, unless the route rewrites the host. */
export function parentAdditions(
  form: RequestForm,
  session: Session,
  head: RequestHead,
): Pick<RequestAdditions, 'origin' | 'login'> {
  const target = head.rewritten?.server ?? session.target;
  if (target === undefined || target.host === '') {
    throw new ProxyError('http_request_error', 'The request names no host that a parent proxy could be asked for.');
  }
  const host = formatHostPort(target);
  if (form.passesLogin === true) {
    const at = head.indexOf(Field.proxyAuthorization);
    const login = at < 0 ? undefined : loginLine(head.value(at));
    return { origin: new Literal(head.method === 'CONNECT' ? host : originOf(host)), login };
  }
  const origin = originOf(host);
  const credentials = form.credentials(session, head.method, form.signsUrl ? `${origin}${pathOf(head)}` : '');
  return {
    origin: new Literal(origin),
    login: credentials === undefined ? undefined : loginLine(credentials),
  };
}

function originOf(host: string): string {
  return `http://${host.endsWith(DEFAULT_PORT) ? host.slice(0, -DEFAULT_PORT.length) : host}`;
}

function loginLine(credentials: string): Literal {
  return new Literal(`Proxy-Authorization: ${credentials}\r\n`);
}

/** Whether a request that passes its login to a parent logs in the connection and not only itself. */
export function logsInAtParent(form: RequestForm | undefined, head: RequestHead): boolean {
  if (form?.passesLogin !== true) return false;
  return head.valuesOf(Field.proxyAuthorization).some(namesScheme);
}

/** Has the client see what the parent asks for. Returns whether that is a login of the connection. */
export function passChallenge(head: ResponseHead): boolean {
  head.pass(Field.proxyAuthenticate);
  return head.valuesOf(Field.proxyAuthenticate).some(namesScheme);
}

function namesScheme(value: string): boolean {
  const bytes = Buffer.from(value, 'latin1');
  return namesConnectionScheme(bytes, 0, bytes.length);
}

/** What becomes of a 407: see `ServerEvents.loginRefused`. */
export function answerChallenge(
  form: RequestForm,
  session: Session,
  head: ResponseHead,
): [error: ProxyError, hasAnother: boolean] {
  const challenges = head.valuesOf(Field.proxyAuthenticate);
  const refusal = form.challenged(session, challenges);
  if (refusal !== undefined) return [refusal, false];
  const message = 'The parent proxy asks for a login for this request, whose body was not kept: try again.';
  return [new ProxyError('proxy_configuration_error', message, { status: 502, receivedStatus: 407 }), true];
}

/** As it is written behind the origin: see `writeRequestHead`. */
function pathOf(head: RequestHead): string {
  if (head.rewritten?.path !== undefined) return head.rewritten.path.toString();
  const path = head.buffer.toString('latin1', head.base + head.pathStart, head.base + head.pathEnd);
  if (path === '') return head.method === 'OPTIONS' ? '' : '/';
  return path.startsWith('?') ? `/${path}` : path;
}
