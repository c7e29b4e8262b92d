import type { AskedUrl } from '../ways/asked-url.ts';
import { type IsExempt, parseNoProxy } from './no-proxy.ts';

/** Environment variables. Values of another type are not there. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that names a proxy, and what it names. */
export interface ProxyVariable {
  readonly name: string;
  readonly value: string;
}

/** What the environment says about proxies, as curl reads it. */
export interface ProxyVariables {
  readonly http: ProxyVariable | undefined;
  readonly https: ProxyVariable | undefined;
  readonly isExempt: IsExempt;
}

/**
 * Reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`. Each may also be in upper case, but HTTP_PROXY: in a CGI program it is a
 * field of a request (`Proxy: …`). Lower case comes first. An empty one is as none.
 */
export function readProxyVariables(environment: Environment): ProxyVariables {
  const first = (...names: readonly string[]): ProxyVariable | undefined => {
    const name = names.find((one) => (environment[one] ?? '') !== '');
    return name === undefined ? undefined : { name, value: environment[name] ?? '' };
  };
  const all = ['all_proxy', 'ALL_PROXY'];
  return {
    http: first('http_proxy', ...all),
    https: first('https_proxy', 'HTTPS_PROXY', ...all),
    isExempt: parseNoProxy(first('no_proxy', 'NO_PROXY')?.value ?? ''),
  };
}

/** The variable that names the proxy for a URL; undefined where it is reached without one. */
export function proxyFor(
  { http, https, isExempt }: ProxyVariables,
  { scheme, host }: AskedUrl,
): ProxyVariable | undefined {
  const proxy = scheme === 'http' ? http : https;
  return proxy === undefined || isExempt(host) ? undefined : proxy;
}
