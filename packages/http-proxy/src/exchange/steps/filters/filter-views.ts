import {
  type FilterRequest,
  type FilterResponse,
  type FilterSubject,
  type FilterTunnel,
  formatHostPort,
  type HostPort,
} from '@inband/core';
import { FieldList } from '../../../fields/field-list.ts';
import type { RequestHead } from '../../../message/head/request-head.ts';
import type { ResponseHead } from '../../../message/head/response-head.ts';
import type { Call } from '../step.ts';
import { FieldsCopy } from './filter-fields.ts';

/** What filters see of a request. A copy, because heads are used again. */
class SubjectCopy implements FilterSubject {
  readonly id: number;
  readonly method: string;
  readonly target: HostPort;
  readonly fields: FieldsCopy;
  readonly client: FilterSubject['client'];
  readonly user: string | undefined;
  readonly groups: readonly string[];
  readonly login: FilterSubject['login'];
  readonly service: string;
  readonly route: string;
  readonly #session: Call['session'];

  constructor({ session, request, route, context }: Call) {
    this.id = session.id;
    this.method = request.method;
    this.target = request.target;
    const isAsked = context.authenticator !== undefined;
    // What authenticates the client is between it and the proxy.
    this.fields = new FieldsCopy(new FieldList(request), isAsked ? 'proxy-authorization' : undefined);
    const { id, address } = session.client;
    this.client = { id, address, zone: session.service.policy.zoneOf(address, 'client') };
    this.user = session.user;
    this.groups = session.groups ?? [];
    const credentials = context.service.mode === 'forward' ? 'proxy-authorization' : 'authorization';
    this.login = isAsked ? undefined : loginIn(this.fields.get(credentials));
    this.service = context.service.name;
    this.route = route?.name ?? '';
    this.#session = session;
  }

  get signal(): AbortSignal {
    return this.#session.signal;
  }
}

export class RequestCopy extends SubjectCopy implements FilterRequest {
  readonly path: string;
  readonly url: string;
  readonly body: Uint8Array | undefined;

  constructor(call: Call, body?: Uint8Array) {
    super(call);
    this.body = body;
    const { request, client } = call;
    this.path = pathOf(request);
    const isSecure = request.namesTls || (client.client.tls !== undefined && call.context.service.mode !== 'forward');
    this.url = `${isSecure ? 'https' : 'http'}://${hostOf(this.target, isSecure)}${this.path}`;
  }
}

export class TunnelCopy extends SubjectCopy implements FilterTunnel {
  readonly kind: FilterTunnel['kind'];

  constructor(call: Call) {
    super(call);
    this.kind = call.client.client.protocol ?? (this.method === 'CONNECT' ? 'connect' : 'upgrade');
  }
}

export class ResponseCopy implements FilterResponse {
  readonly status: number;
  readonly fields: FieldsCopy;
  readonly request: FilterRequest;
  readonly body: Uint8Array | undefined;

  constructor(head: ResponseHead, request: FilterRequest, body: Uint8Array | undefined) {
    this.body = body;
    this.status = head.status;
    this.fields = new FieldsCopy(new FieldList(head));
    this.request = request;
  }

  get signal(): AbortSignal {
    return this.request.signal;
  }
}

function pathOf({ buffer, base, pathStart, pathEnd }: RequestHead): string {
  const written = buffer.toString('latin1', base + pathStart, base + pathEnd);
  return written.startsWith('/') || written === '*' ? written : `/${written}`;
}

function hostOf({ host, port }: HostPort, isSecure: boolean): string {
  if (port !== (isSecure ? 443 : 80)) return formatHostPort({ host, port });
  return host.includes(':') ? `[${host}]` : host;
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** RFC 7617. A user has no colon, and a password may. */
function loginIn(credentials: string | undefined): FilterSubject['login'] {
  const [, encoded] = BASIC.exec(credentials ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
