import { inetAddr, type HostPort, type InetAddr, type SockAddr } from '@inband/core';

/** Where a server is: an address, or a name that is resolved when a connection is made. */
export type ServerAddress = SockAddr | HostPort;

/** A server as a configuration writes it. `tls`: whether `https://` or `http://` stands before it, if one of them does. */
export type WrittenServer = ServerAddress & { readonly tls?: boolean | undefined };

/** The kernel's limit for the path of a socket, without the final NUL. */
const MAX_UNIX_PATH = 107;

/** Letters, digits, hyphen and underscore, in labels of at most 63, the final dot allowed. */
const NAME = /^(?=.{1,254}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?$/;

/** A name that ends in a number: a mistyped IPv4 address. */
const ENDS_IN_NUMBER = /(?:^|\.)[0-9]+\.?$/;

/** A text that is no address. The message says what was expected. */
export class AddressSyntaxError extends Error {}

/** Whether the server is known by name only. */
export function isName(server: ServerAddress): server is HostPort {
  return !('family' in server);
}

/** Parses `host:port`, `[IPv6]:port`, `unix:/path` or `unix:@name`. Throws an {@link AddressSyntaxError}. */
export function parseServerAddress(text: string): ServerAddress {
  return parseServer(text, 1);
}

/** The same with port 0 allowed (see `addressed-port.ts`), and with `http://` or `https://` before it, which has a default port. */
export function parseServerOrPort(text: string): WrittenServer {
  return parseWithScheme(text, 0);
}

/** As `parseServerOrPort`, without port 0. */
export function parseServerOfPool(text: string): WrittenServer {
  return parseWithScheme(text, 1);
}

function parseWithScheme(text: string, leastPort: 0 | 1): WrittenServer {
  const [, scheme, authority = '', path = ''] = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(text) ?? [];
  if (scheme === undefined) return parseServer(text, leastPort);
  if (authority.includes('@')) throw new AddressSyntaxError('expected a server without a user');
  if (path !== '' && path !== '/') {
    throw new AddressSyntaxError(`expected a server without a path: "${scheme}://${authority}"`);
  }
  const tls = scheme.toLowerCase() === 'https';
  const hasPort = /:[0-9]*$/.test(authority.replace(/^\[.*\]/, ''));
  return { ...parseServer(hasPort ? authority : `${authority}:${tls ? 443 : 80}`, leastPort), tls };
}

function parseServer(text: string, leastPort: 0 | 1): ServerAddress {
  if (text.startsWith('unix:')) return parseUnixPath(text);
  const colon = text.lastIndexOf(':');
  const port = parsePort(text.slice(colon + 1), leastPort);
  if (text.includes('://')) throw new AddressSyntaxError(urlInstead(text));
  if (colon < 1 || port === undefined) {
    throw new AddressSyntaxError(
      `expected host:port, [IPv6]:port or unix:/path, with a port from ${leastPort} to 65535`,
    );
  }
  return normaliseServer({ host: text.slice(0, colon), port });
}

/** The message for a URL in place of a server, with the server that was probably meant. */
function urlInstead(text: string): string {
  const [, scheme = '', authority = ''] = /^([^:]*):\/\/([^/?#]*)/.exec(text) ?? [];
  const isSecure = /^(https|wss|tls)$/i.test(scheme);
  const server = /:[0-9]+$/.test(authority) ? authority : `${authority}:${isSecure ? 443 : 80}`;
  return `expected host:port without a scheme: "${server}"`;
}

/** Turns an IP address into a resolved address. Checks a name and puts it into lower case. */
export function normaliseServer(server: ServerAddress): ServerAddress {
  if (!isName(server)) return server;
  const { host, port } = server;
  const bracketed = host.startsWith('[') && host.endsWith(']');
  const address = inetAddr(bracketed ? host.slice(1, -1) : host, port);
  if (address !== undefined && bracketed === host.includes(':')) return address;
  if (/^[0-9a-f.]*:[0-9a-f:.]*$/i.test(host))
    throw new AddressSyntaxError('expected an IPv6 address in brackets: [2001:db8::1]:80');
  const name = host.toLowerCase();
  if (ENDS_IN_NUMBER.test(name)) throw new AddressSyntaxError(`"${host}" is not an IPv4 address`);
  if (!NAME.test(name))
    throw new AddressSyntaxError(`"${host}" is not a host name (write it in ASCII, xn--… if need be)`);
  return { host: name, port };
}

/** Parses an address to bind: `192.0.2.1`, `192.0.2.1:0`, `2001:db8::1`, `[2001:db8::1]:0`. Port 0: any free one. */
export function parseLocalAddress(text: string): InetAddr {
  const plain = inetAddr(text, 0);
  if (plain !== undefined) return plain;
  const [, bracketed, dotted, digits] = /^(?:\[([^\]]*)\]|([0-9.]+))(?::([0-9]+))?$/.exec(text) ?? [];
  const port = digits === undefined ? 0 : parsePort(digits, 0);
  const address = port === undefined ? undefined : inetAddr(bracketed ?? dotted ?? '', port);
  if (address === undefined || (bracketed !== undefined && !bracketed.includes(':'))) {
    throw new AddressSyntaxError(
      'expected an IP address, with or without a port: 192.0.2.1, 192.0.2.1:0, [2001:db8::1]:0',
    );
  }
  return address;
}

function parsePort(digits: string, least: number): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(digits)) return undefined;
  const port = Number(digits);
  return port >= least && port <= 65_535 ? port : undefined;
}

/** `/run/app.sock`, or `@app`: an abstract name, which begins with NUL for the system. */
function parseUnixPath(text: string): SockAddr {
  const path = text.slice('unix:'.length);
  const isAbstract = path.startsWith('@') && path.length > 1;
  if (!(path.startsWith('/') || isAbstract) || path.includes('\0')) {
    throw new AddressSyntaxError(
      'expected an absolute path or an abstract name after "unix:": unix:/run/app.sock, unix:@app',
    );
  }
  const bytes = Buffer.byteLength(path) - (isAbstract ? 1 : 0);
  if (bytes > MAX_UNIX_PATH) {
    throw new AddressSyntaxError(
      `the path of a unix socket has at most ${MAX_UNIX_PATH} bytes, and this one has ${bytes}`,
    );
  }
  return { family: 'unix', path: isAbstract ? `\0${path.slice(1)}` : path };
}
