import type { SocksProtocol } from './explain-protocol.ts';

/** What somebody asks about, by a URL. */
interface AskedRequest {
  readonly url: string;
  readonly method?: string | undefined;
}

/** What a client sends. */
interface SentRequest {
  readonly method: string;
  readonly url: string;
  /** How a tunnel is asked for; undefined: by HTTP. */
  readonly socks?: SocksProtocol;
}

/** As a browser would: GET, but a tunnel for https:// through a forward proxy, for host:port, and for socks5://host:port. */
export function requestOf({ method, url }: AskedRequest, isForward: boolean): SentRequest {
  const [, version, asked] = /^socks(4a|5):\/\/([^/?#]+)$/i.exec(url) ?? [];
  if (asked !== undefined) return { method: 'CONNECT', url: asked, socks: version === '5' ? 'socks5' : 'socks4a' };
  const [, scheme, authority = url] = /^(https?):\/\/([^/?#]*)/i.exec(url) ?? [];
  const isTunnel =
    method === undefined ? scheme === undefined || (isForward && /^https$/i.test(scheme)) : method === 'CONNECT';
  if (!isTunnel) return { method: method ?? 'GET', url: scheme === undefined ? `http://${url}/` : url };
  const hasPort = /:\d+$/.test(authority);
  return { method: 'CONNECT', url: hasPort ? authority : `${authority}:${/^https$/i.test(scheme ?? '') ? 443 : 80}` };
}
