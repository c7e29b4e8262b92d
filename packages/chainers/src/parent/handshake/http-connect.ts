import { formatHostPort, PROXY_ERRORS, type ProxyErrorCode, type ProxyError } from '@inband/core';
import type { Handshake, HandshakeStep, HandshakeTarget } from './handshake.ts';
import {
  beyondParent,
  FORBIDDEN,
  LOOP,
  NO_NAME,
  otherProtocol,
  REFUSED,
  type Refusal,
  TOO_SLOW,
  UNAVAILABLE,
} from './refusals.ts';
import { type ParentResponse, readResponseHead, valuesOf } from './response-head.ts';

/** What the parent's statuses say of the target, where it does not say more by `Proxy-Status` (RFC 9209) or as Squid does. */
const STATUSES: Readonly<Record<number, Refusal>> = {
  403: FORBIDDEN,
  404: NO_NAME,
  410: NO_NAME,
  451: FORBIDDEN,
  500: UNAVAILABLE,
  502: UNAVAILABLE,
  503: UNAVAILABLE,
  504: TOO_SLOW,
  508: LOOP,
};

/** Squid's words for it, in `X-Squid-Error`. */
const OF_SQUID: ReadonlyMap<string, Refusal> = new Map([
  ['ERR_DNS_FAIL', NO_NAME],
  ['ERR_CONNECT_FAIL', REFUSED],
  ['ERR_ACCESS_DENIED', FORBIDDEN],
]);

export interface HttpConnectOptions {
  readonly target: HandshakeTarget;
  /** The value of `Proxy-Authorization`, if there is one. */
  readonly credentials: string | undefined;
  /** The parent answered 407 with these challenges. Returns the error for it. */
  readonly challenged: (challenges: readonly string[]) => ProxyError;
}

/** CONNECT by HTTP/1.1 (RFC 9110 section 9.3.6). */
export class HttpConnect implements Handshake {
  readonly #options: HttpConnectOptions;

  constructor(options: HttpConnectOptions) {
    this.#options = options;
  }

  begin(): Uint8Array {
    const { target, credentials } = this.#options;
    const authority = formatHostPort(target);
    const lines = [
      `CONNECT ${authority} HTTP/1.1`,
      `Host: ${authority}`,
      ...(credentials === undefined ? [] : [`Proxy-Authorization: ${credentials}`]),
    ];
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  }

  read(received: Buffer): HandshakeStep | undefined {
    const head = readResponseHead(received);
    if (head === undefined) return undefined;
    const { status, length } = head;
    if (status === 101) throw otherProtocol('The parent proxy answered CONNECT with 101.');
    if (status < 200) return { used: length };
    // A length or a coding in it says nothing: what follows is the tunnel.
    if (status < 300) return { used: length, isDone: true };
    if (status === 407) throw this.#options.challenged(valuesOf(head, 'proxy-authenticate'));
    throw refusal(head);
  }
}

function refusal(head: ParentResponse): ProxyError {
  const { status } = head;
  const received = { receivedStatus: status };
  const known = saidByProxyStatus(head) ?? saidBySquid(head) ?? STATUSES[status];
  if (known !== undefined) return beyondParent(known, `status ${status}`, received);
  if (status === 429) {
    return beyondParent({ code: 'connection_limit_reached', says: 'is asked too often' }, `status ${status}`, received);
  }
  return otherProtocol(`The parent proxy does not do CONNECT (status ${status}).`, status);
}

/** The last one is of the proxy that is next to us (RFC 9209 section 2). What is wrong with that proxy itself is not said by it. */
function saidByProxyStatus(head: ParentResponse): Refusal | undefined {
  const code = /;\s*error=([a-z_]+)/.exec(valuesOf(head, 'proxy-status').join(', ').split(',').at(-1) ?? '')?.[1];
  if (code === undefined || !isAboutTarget(code)) return undefined;
  return { code, says: `says ${code}` };
}

const ABOUT_TARGET: ReadonlySet<string> = new Set<ProxyErrorCode>([
  'dns_timeout',
  'dns_error',
  'destination_unavailable',
  'destination_ip_prohibited',
  'destination_ip_unroutable',
  'connection_refused',
  'connection_terminated',
  'connection_timeout',
  'http_request_denied',
  'proxy_loop_detected',
]);

function isAboutTarget(code: string): code is ProxyErrorCode {
  return ABOUT_TARGET.has(code) && code in PROXY_ERRORS;
}

function saidBySquid(head: ParentResponse): Refusal | undefined {
  const [word = ''] = (valuesOf(head, 'x-squid-error')[0] ?? '').split(' ');
  return OF_SQUID.get(word);
}
