import type { HostPort } from '@inband/core';

/** `rewrite` of a route. */
export interface RouteRewrite {
  /** What the normalised path begins with, and what takes its place: both end with a slash, or none does. */
  readonly path: { readonly from: string; readonly to: string } | undefined;
  /** The host that the server sees, as it is written, perhaps with a port. */
  readonly host: string | undefined;
  /** Whether `Location`, `Content-Location` and `Set-Cookie` of answers are mapped back. */
  readonly answers: boolean;
}

/** By the names of routes: `services.web.routes[0]`. */
export type RouteRewrites = Readonly<Record<string, RouteRewrite>>;

/** A host with its port, if it has one. The text must be valid. */
export function splitAuthority(text: string): { readonly host: string; readonly port: number | undefined } {
  const { host = '', port } = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>\d+))?$/.exec(text)?.groups ?? {};
  return { host: host.replace(/^\[(.*)\]$/, '$1').toLowerCase(), port: port === undefined ? undefined : Number(port) };
}

/** Whether two hosts with ports are the same; without a port it is the one of http or https. */
export function isSameServer(text: string, { host, port }: HostPort, usual: readonly number[]): boolean {
  const other = splitAuthority(text);
  if (other.host.replace(/\.$/, '') !== host) return false;
  return other.port === undefined ? usual.includes(port) : other.port === port;
}
