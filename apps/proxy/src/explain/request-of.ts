/** What somebody asks about, by a URL. */
interface AskedRequest {
  readonly url: string;
  readonly method?: string | undefined;
}

/** As a browser would: GET, but a tunnel for https:// through a forward proxy, and for host:port. */
export function requestOf({ method, url }: AskedRequest, isForward: boolean): { method: string; url: string } {
  const [, scheme, authority = url] = /^(https?):\/\/([^/?#]*)/i.exec(url) ?? [];
  const isTunnel =
    method === undefined ? scheme === undefined || (isForward && /^https$/i.test(scheme)) : method === 'CONNECT';
  if (!isTunnel) return { method: method ?? 'GET', url: scheme === undefined ? `http://${url}/` : url };
  const hasPort = /:\d+$/.test(authority);
  return { method: 'CONNECT', url: hasPort ? authority : `${authority}:${/^https$/i.test(scheme ?? '') ? 443 : 80}` };
}
