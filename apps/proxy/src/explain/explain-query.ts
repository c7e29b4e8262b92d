import { ProxyError, type SockAddr } from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import { socksRequest, type SocksProtocol } from './explain-protocol.ts';

/** What is asked of `explain`. */
export interface ExplainQuery {
  readonly client: SockAddr;
  /** Which listener the client comes to: its place in the configuration. */
  readonly listener: number;
  /** Where an intercepted client was going. Undefined: to the address in the URL, if that is one. */
  readonly destination?: SockAddr | undefined;
  readonly method: string;
  /** A URL, or `host:port` for CONNECT. */
  readonly url: string;
  /** A name in the certificate that the client shows: a URI, a DNS name, an e-mail address, or `sha256:…`. Undefined: it shows none. */
  readonly certificate?: string | undefined;
  /** Who the client has logged in as, where the service has `auth`. Undefined: it shows no credentials. */
  readonly user?: string | undefined;
  /** The groups of that user. */
  readonly groups?: readonly string[] | undefined;
  /** Further fields of the request, `name: value` each. */
  readonly fields?: readonly string[] | undefined;
  /** The time that counts for rules and routes, in milliseconds since 1970. Undefined: now. */
  readonly at?: number | undefined;
  /** The client asks by SOCKS. The method is CONNECT then. */
  readonly socks?: SocksProtocol | undefined;
}

/** The host of a URL, without brackets. */
export function hostOf({ url }: ExplainQuery): string | undefined {
  const [, six, other] = /^https?:\/\/(?:\[([^\]]+)\]|([^/?#:]+))/i.exec(url) ?? [];
  return (six ?? other)?.toLowerCase();
}

/** The request as a client would send it: to a proxy with the whole URL, to a server with its path. */
export function requestBytes({ method, url, socks, fields = [] }: ExplainQuery, isForward: boolean): Buffer {
  if (socks !== undefined) return socksRequest(socks, url);
  const [, authority = url, path = ''] = /^[a-z]+:\/\/([^/?#]*)([^#]*)/i.exec(url) ?? [];
  const target = method === 'CONNECT' ? authority : isForward ? url.replace(/#.*/, '') : path || '/';
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${authority}`, 'Connection: close', ...fields];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Throws why nothing can be said about what is asked. */
export function refuseQuery(parsed: ParsedConfig, query: ExplainQuery): void {
  refuseGuard(parsed, query);
  refuseUser(parsed, query, parsed.config.listeners[query.listener]?.service);
}

/** What a guard reads is a TLS handshake; there is no URL to ask it about. */
function refuseGuard({ config }: ParsedConfig, { listener }: ExplainQuery): void {
  const name = config.listeners[listener]?.service ?? '';
  if (config.services[name]?.proxy !== 'tls') return;
  const message = `The service "${name}" is a TLS guard; only HTTP services can be explained. The log says why a tunnel was refused.`;
  throw new ProxyError('proxy_configuration_error', message, { setting: `services.${name}.proxy` });
}

/** Where nobody is asked, nobody has a user. */
function refuseUser({ config }: ParsedConfig, { user }: ExplainQuery, service = ''): void {
  if (user === undefined || config.services[service]?.auth !== undefined) return;
  const message = `The service "${service}" has no "auth", so that its clients have no users.`;
  throw new ProxyError('proxy_configuration_error', message, { setting: `services.${service}.auth` });
}
