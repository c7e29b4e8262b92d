import { formatHostPort, type ClientConnection, type ServiceMode, type SockAddr } from '@inband/core';
import { speaksTls } from './speaks-tls.ts';
import type { Authority } from './authority.ts';
import { Literal } from './words.ts';

/** How servers are told about the client. `x-forwarded` are the usual fields, `rfc7239` is `Forwarded`. */
export type ForwardedStyle = 'off' | 'x-forwarded' | 'rfc7239';

/** What the lines depend on beside the client and the host. */
export interface ForwardedHow {
  readonly style: ForwardedStyle;
  readonly mode: ServiceMode;
}

/** Keeps the lines of a client connection's last request, because the next one mostly asks for the same host. */
export class ForwardedLines {
  readonly #how: ForwardedHow;
  #client: ClientConnection | undefined = undefined;
  #authority: Authority | undefined = undefined;
  #lines: Literal | undefined = undefined;

  constructor(how: ForwardedHow) {
    this.#how = how;
  }

  for(authority: Authority, client: ClientConnection): Literal | undefined {
    if (this.#authority !== authority || this.#client !== client) {
      this.#authority = authority;
      this.#client = client;
      this.#lines = forwardedLines(this.#how, client, authority);
    }
    return this.#lines;
  }
}

/**
 * The lines that tell a server who its client is. They replace whatever was said about it before: what trusted proxies say of
 * it is in `client`.
 */
export function forwardedLines(
  { style, mode }: ForwardedHow,
  client: ClientConnection,
  authority: Authority,
): Literal | undefined {
  if (style === 'off') return undefined;
  // An HTTP/1.0 client may name no host.
  const named = authority.host !== '';
  const host =
    authority.port === undefined ? bracketed(authority.host) : formatHostPort({ ...authority, port: authority.port });
  const address = addressText(client.address);
  const proto = speaksTls(client, mode) ? 'https' : 'http';
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
