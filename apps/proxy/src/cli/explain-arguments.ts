import { inetAddr, type SockAddr } from '@inband/core';
import { parseSockAddr } from '../config/values/bind.ts';
import { isField, readTime } from '../config/conditions/asked-details.ts';
import { UsageError } from './usage/usage-error.ts';

export interface ExplainCommand {
  readonly name: 'explain';
  readonly config: string | undefined;
  readonly client: SockAddr;
  /** The address of a listener; undefined: the first one. */
  readonly listener: SockAddr | undefined;
  /** The original destination of an intercepted client; undefined: the address in the URL. */
  readonly destination: SockAddr | undefined;
  /** A name in the certificate of the client; undefined: it shows none. */
  readonly certificate: string | undefined;
  /** Who the client has logged in as; undefined: nobody. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  /** `name: value` each. */
  readonly fields: readonly string[];
  /** Milliseconds since 1970; undefined: now. */
  readonly at: number | undefined;
  /** Undefined: the method that a browser would use for the URL. */
  readonly method: string | undefined;
  readonly url: string;
  readonly json: boolean;
}

interface ExplainValues {
  readonly config?: string | undefined;
  readonly client?: string | undefined;
  readonly listener?: string | undefined;
  readonly destination?: string | undefined;
  readonly certificate?: string | undefined;
  readonly user?: string | undefined;
  readonly group?: readonly string[] | undefined;
  readonly header?: readonly string[] | undefined;
  readonly at?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Reads the arguments of `inband explain`. Throws a {@link UsageError}. */
export function explainCommand(
  positionals: readonly string[],
  {
    config,
    client,
    listener,
    destination,
    certificate,
    user,
    group: groups = [],
    header = [],
    at,
    json,
  }: ExplainValues,
): ExplainCommand {
  if (positionals.length === 0) throw new UsageError('explain needs a URL, or host:port.');
  if (positionals.length > 2) throw new UsageError('explain takes a method and a URL, and no more.');
  const [method, url] = positionals.length === 2 ? positionals : [undefined, positionals[0]];
  if (method !== undefined && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) {
    throw new UsageError(`${JSON.stringify(method)} is not a method.`);
  }
  if (method !== undefined && method !== 'CONNECT' && /^socks/i.test(url ?? '')) {
    throw new UsageError(`SOCKS asks for tunnels only, found the method ${method}.`);
  }
  if (user === '' || (user === undefined && groups.length > 0)) {
    throw new UsageError('--group is one of the user that --user names.');
  }
  return {
    name: 'explain',
    config,
    client: clientAddress(client ?? '127.0.0.1'),
    listener: listener === undefined ? undefined : listenerAddress(listener),
    destination: destination === undefined ? undefined : destinationAddress(destination),
    certificate,
    user,
    groups,
    fields: header.map(checkField),
    at: at === undefined ? undefined : timeOf(at),
    method,
    url: checkUrl(url ?? ''),
    json: json === true,
  };
}

/** With any port, because no rule depends on a client's port. */
function clientAddress(text: string): SockAddr {
  const address = inetAddr(text, 49_152) ?? parseSockAddr(text);
  if (address === undefined) throw new UsageError(`--client takes an IP address, found ${JSON.stringify(text)}.`);
  return address;
}

function listenerAddress(text: string): SockAddr {
  const address = parseSockAddr(text);
  if (address === undefined) {
    throw new UsageError(`--listener takes the "bind" of a listener (127.0.0.1:3128), found ${JSON.stringify(text)}.`);
  }
  return address;
}

function destinationAddress(text: string): SockAddr {
  const address = parseSockAddr(text);
  if (address === undefined || address.family === 'unix' || address.port === 0) {
    const found = `found ${JSON.stringify(text)}.`;
    throw new UsageError(`--destination takes an address with a port (192.0.2.1:80, [2001:db8::1]:80), ${found}`);
  }
  return address;
}

function checkField(text: string): string {
  if (isField(text)) return text;
  throw new UsageError(
    `--header takes a field that is not sent otherwise, "name: value", found ${JSON.stringify(text)}.`,
  );
}

function timeOf(text: string): number {
  const time = readTime(text);
  if (time !== undefined) return time;
  throw new UsageError(
    `--at takes a time such as 2026-12-24T18:00 or 2026-12-24T18:00Z, found ${JSON.stringify(text)}.`,
  );
}

/** The proxy itself evaluates the URL. Here it only has to fit on a request line. */
function checkUrl(url: string): string {
  if (!/^[\u0021-\u007e]+$/.test(url)) {
    throw new UsageError('the URL may hold printable ASCII only; percent-encode the rest (xn--… in the host).');
  }
  if (!/^https?:\/\/[^/?#]/i.test(url) && !/^(?:socks(?:4a|5):\/\/)?[^/?#]+:\d+$/i.test(url)) {
    const expected = 'a URL with http:// or https://, socks5://host:port, socks4a://host:port, or host:port';
    throw new UsageError(`expected ${expected}, found ${JSON.stringify(url)}.`);
  }
  return url;
}
