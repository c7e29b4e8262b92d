import { formatHostPort, type ClientConnection, type SockAddr } from '@inband/core';
import type { Authority } from './authority.ts';
import { Literal } from './words.ts';

/** How servers are told about the client. `x-forwarded` are the usual fields, `rfc7239` is `Forwarded`. */
export type ForwardedStyle = 'off' | 'x-forwarded' | 'rfc7239';

/** What the lines depend on beside the client and the host. */
export interface ForwardedHow {
  readonly style: ForwardedStyle;
  /** Whether the scheme of requests is https. */
  readonly isSecure: boolean;
}

/** Keeps the lines of a client connection's last request, because the next one mostly asks for the same host. */
export class ForwardedLines {
  readonly #how: ForwardedHow;
  readonly #client: ClientConnection;
  #authority: Authority | undefined = undefined;
  #lines: Literal | undefined = undefined;

  constructor(how: ForwardedHow, client: ClientConnection) {
    this.#how = how;
    this.#client = client;
  }

  for(authority: Authority): Literal | undefined {
    if (this.#authority !== authority) {
      this.#authority = authority;
      this.#lines = forwardedLines(this.#how, this.#client, authority);
    }
    return this.#lines;
  }
}

/**
 * The lines that tell a server who its client is. They replace whatever the client said about itself, because no proxy between the
 * client and us is trusted.
 */
export function forwardedLines(
  { style, isSecure }: ForwardedHow,
  client: ClientConnection,
  authority: Authority,
): Literal | undefined {
  if (style === 'off') return undefined;
  // An HTTP/1.0 client may name no host.
  const named = authority.host !== '';
  const host =
    authority.port === undefined ? bracketed(authority.host) : formatHostPort({ ...authority, port: authority.port });
  const address = addressText(client.address);
  const proto = isSecure ? 'https' : 'http';
  const lines =
    style === 'x-forwarded'
      ? `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${proto}\r\n${named ? `X-Forwarded-Host: ${host}\r\n` : ''}`
      : `Forwarded: for=${node(client.address)};proto=${proto}${named ? `;host="${host}"` : ''}\r\n`;
  return new Literal(lines);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function addressText(addr: SockAddr): string {
  return addr.family === 'unix' ? 'unknown' : addr.address;
}

/** RFC 7239 section 6. */
function node(addr: SockAddr): string {
  if (addr.family === 'unix') return 'unknown';
  return addr.family === 'inet6' ? `"[${addr.address}]"` : addr.address;
}
