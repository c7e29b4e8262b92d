import type { HostPort } from '@inband/core';
import { isSameServer, type RouteRewrite, splitAuthority } from './route-rewrite.ts';

/** What the client asked for. */
export interface Asked extends HostPort {
  readonly scheme: 'http' | 'https';
}

/** How the server knows itself, and the client knows it. */
export interface Mapping {
  readonly path: RouteRewrite['path'];
  /** As the server sees it. */
  readonly server: HostPort;
  readonly asked: Asked;
}

/** Ports that a URL need not have. */
const PORTS = { http: 80, https: 443 } as const;

const ABSOLUTE = /^(?:(https?):)?\/\/([^/?#\\]*)([^\\]*)$/i;

/** The URL of a server as the client knows it; undefined for one that is another server's, or not below the rewritten path. */
export function urlBack(url: string, mapping: Mapping): string | undefined {
  const absolute = ABSOLUTE.exec(url);
  if (absolute === null) return url.startsWith('/') ? referenceBack(url, mapping) : undefined;
  const [, scheme, authority = '', rest = ''] = absolute;
  const usual =
    scheme === undefined ? Object.values(PORTS) : [PORTS[scheme.toLowerCase() === 'https' ? 'https' : 'http']];
  // What the server believes its port to be need not be the one by which it is reached: without a port it is the same host.
  const isSame = isSameServer(authority, mapping.server, [...usual, mapping.server.port]);
  const path = isSame ? pathBack(rest.startsWith('/') ? rest : `/${rest}`, mapping.path) : undefined;
  return path === undefined ? undefined : originOf(mapping.asked) + path;
}

/** For `/v1//evil.example/` it is absolute where `/v1/` is taken away, because `//evil.example/` is a URL of another host. */
function referenceBack(url: string, { path: rewritten, asked }: Mapping): string | undefined {
  const path = pathBack(url, rewritten);
  return path !== undefined && /^\/[/\\]/.test(path) ? originOf(asked) + path : path;
}

function pathBack(path: string, rewritten: RouteRewrite['path']): string | undefined {
  if (rewritten === undefined) return path;
  return path.startsWith(rewritten.to) ? rewritten.from + path.slice(rewritten.to.length) : undefined;
}

function originOf({ scheme, host, port }: Asked): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${port === PORTS[scheme] ? name : `${name}:${port}`}`;
}

/** A `Set-Cookie` of a server as it is for the client; undefined where nothing of it changes. */
export function cookieBack(cookie: string, { path, server, asked }: Mapping): string | undefined {
  const parts = cookie.split(';');
  const mapped = parts.map((part, index) => {
    const { name = '', value = '' } = /^\s*(?<name>[^=\s]+)\s*=\s*"?(?<value>[^"]*?)"?\s*$/.exec(part)?.groups ?? {};
    if (index === 0) return part;
    if (name.toLowerCase() === 'path' && path !== undefined) return ` Path=${cookiePathBack(value, path)}`;
    const isOurs = name.toLowerCase() === 'domain' && splitAuthority(value).host.replace(/^\./, '') === server.host;
    return isOurs ? ` Domain=${asked.host}` : part;
  });
  const joined = mapped.join(';');
  return joined === cookie ? undefined : joined;
}

/** A cookie for `/v1` is for what is below it, too (RFC 6265 section 5.1.4). */
function cookiePathBack(value: string, { from, to }: NonNullable<RouteRewrite['path']>): string {
  if (value.startsWith(to)) return from + value.slice(to.length);
  return to.endsWith('/') && `${value}/` === to ? from.slice(0, -1) || '/' : value;
}
