import { formatIp, parseIp, type HostPort, type SockAddr } from '@inband/core';
import { COLON, LOWER } from './bytes.ts';
import { hashBytes, sameBytes, wordsOf } from './words.ts';

/** A host and perhaps a port, as somebody wrote it, understood. */
export interface Authority {
  /** Lower case; IPv4 and IPv6 in canonical form, without brackets. */
  readonly host: string;
  /** Undefined when none was written. */
  readonly port: number | undefined;
  /** The same with the default port of http filled in. */
  readonly target: HostPort;
  /** The same with that of https. */
  readonly secureTarget: HostPort;
  /** It has an empty port, or a label with a hyphen at an end. `http.strict` refuses it. */
  readonly lax: boolean;
}

const DEFAULT_PORT = 80;
const DEFAULT_SECURE_PORT = 443;

function authorityOf(host: string, port: number | undefined, lax: boolean): Authority {
  const target = { host, port: port ?? DEFAULT_PORT };
  const secureTarget = port === undefined ? { host, port: DEFAULT_SECURE_PORT } : target;
  return { host, port, target, secureTarget, lax };
}

/**
 * The authority of a request that names no host. No pattern of hosts matches it, and it cannot be resolved. Chainers that do not use the
 * host serve it.
 */
export const NO_AUTHORITY = authorityOf('', undefined, true);

/**
 * What a server is told in `Host` when the client named none. It is the address at which the client reached us, as in its URL. RFC 9112
 * section 3.2 asks for an empty `Host`, but nginx and others answer that with 400.
 */
export function reachedAt(local: SockAddr, isSecure = false): string {
  const { host, port } = reachedHost(local, isSecure);
  const name = host.includes(':') ? `[${host}]` : host;
  return port === defaultPort(isSecure) ? name : `${name}:${port}`;
}

/** The same in its parts. */
export function reachedHost(local: SockAddr, isSecure = false): HostPort {
  if (local.family === 'unix') return { host: 'localhost', port: defaultPort(isSecure) };
  return { host: local.address, port: local.port };
}

function defaultPort(isSecure: boolean): number {
  return isSecure ? DEFAULT_SECURE_PORT : DEFAULT_PORT;
}

/** Letters, digits, hyphen and underscore, of which host names on the Internet consist. */
const LABEL = new Uint8Array(256);
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_') LABEL[c.charCodeAt(0)] = 1;

const DOT = 0x2e;
const MAX_NAME = 253;
const MAX_LABEL = 63;
/** A label that begins or ends with a hyphen exists and resolves (RFC 952 forbids it, DNS does not). */
const HYPHEN_AT_AN_END = /\.-|-(?:\.|$)/;
const HYPHEN = 0x2d;
const MAX_AUTHORITY = MAX_NAME + 1 + 1 + 5;

/**
 * Reads `host [":" [port]]` (RFC 3986 section 3.2.2, RFC 9110 section 4.2). It has no user information, no percent-encoding, no zone, and
 * no port 0 or with leading zeros. An empty port is the default one (RFC 9110 section 4.2.3). A host that ends in a number must be a
 * dotted quad. Returns undefined for anything else.
 */
export function parseAuthority(bytes: Buffer, start: number, end: number): Authority | undefined {
  if (end <= start || end - start > MAX_AUTHORITY) return undefined;
  const cached = cache.find(bytes, start, end);
  if (cached !== undefined) return cached;
  const authority = readAuthority(bytes, start, end);
  if (authority !== undefined) cache.keep(bytes, start, end, authority);
  return authority;
}

function readAuthority(bytes: Buffer, start: number, end: number): Authority | undefined {
  let hostEnd: number;
  let host: string | undefined;
  if (bytes[start] === 0x5b) {
    hostEnd = bytes.indexOf(0x5d, start) + 1;
    if (hostEnd <= 0 || hostEnd > end) return undefined;
    host = ipv6Literal(bytes.toString('latin1', start + 1, hostEnd - 1));
  } else {
    hostEnd = start;
    while (hostEnd < end && bytes[hostEnd] !== COLON) hostEnd += 1;
    host = hostName(bytes, start, hostEnd);
  }
  if (host === undefined) return undefined;
  const lax = HYPHEN_AT_AN_END.test(host);
  if (hostEnd === end) return authorityOf(host, undefined, lax);
  if (bytes[hostEnd] !== COLON) return undefined;
  if (hostEnd + 1 === end) return authorityOf(host, undefined, true);
  const port = parsePort(bytes, hostEnd + 1, end);
  return port === undefined ? undefined : authorityOf(host, port, lax);
}

function ipv6Literal(text: string): string | undefined {
  if (!text.includes(':')) return undefined;
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip);
}

/** 1 to 65535, in decimal without leading zeros. */
function parsePort(bytes: Buffer, start: number, end: number): number | undefined {
  if (end <= start || end - start > 5 || bytes[start] === 0x30) return undefined;
  let port = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
  }
  return port <= 65535 ? port : undefined;
}

function hostName(bytes: Buffer, start: number, end: number): string | undefined {
  let nameEnd = end;
  if (end - start > 1 && bytes[end - 1] === DOT) nameEnd -= 1;
  // To many a program such a name is an option.
  if (bytes[start] === HYPHEN) return undefined;
  if (nameEnd - start > MAX_NAME || nameEnd <= start) return undefined;
  let labelStart = start;
  for (let i = start; i <= nameEnd; i++) {
    if (i < nameEnd && bytes[i] !== DOT) {
      if (LABEL[bytes[i]!] !== 1) return undefined;
      continue;
    }
    const length = i - labelStart;
    if (length === 0 || length > MAX_LABEL) return undefined;
    if (i < nameEnd) labelStart = i + 1;
  }
  if (looksNumeric(bytes, labelStart, nameEnd)) {
    // Only the form that all resolvers agree on passes, because some read 127.1, 0x7f.1 or 2130706433 as addresses.
    const text = bytes.toString('latin1', start, end);
    return parseIp(text) === undefined ? undefined : text;
  }
  return lower(bytes, start, end);
}

/** Whether a last label is all digits, or hexadecimal with 0x (the URL standard's "ends in a number"). */
function looksNumeric(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  if (bytes[at] === 0x30 && at + 1 < end && LOWER[bytes[at + 1]!] === 0x78) return true;
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at += 1;
  return at === end;
}

function lower(bytes: Buffer, start: number, end: number): string {
  const copy = Buffer.allocUnsafe(end - start);
  for (let i = start; i < end; i++) copy[i - start] = LOWER[bytes[i]!]!;
  return copy.toString('latin1', 0, copy.length);
}

/** Authorities that were read lately, found by their bytes without making a string, because clients ask for few hosts often. */
class AuthorityCache {
  static readonly #size = 1024;
  readonly #bytes: (DataView | undefined)[] = Array.from({ length: AuthorityCache.#size }, () => undefined);
  readonly #values: (Authority | undefined)[] = Array.from({ length: AuthorityCache.#size }, () => undefined);

  find(bytes: Buffer, start: number, end: number): Authority | undefined {
    const slot = this.#slot(bytes, start, end);
    const kept = this.#bytes[slot];
    const length = end - start;
    if (kept === undefined || kept.byteLength !== length) return undefined;
    return sameBytes(kept, 0, wordsOf(bytes), start, length) ? this.#values[slot] : undefined;
  }

  keep(bytes: Buffer, start: number, end: number, value: Authority): void {
    const slot = this.#slot(bytes, start, end);
    this.#bytes[slot] = new DataView(Uint8Array.prototype.slice.call(bytes, start, end).buffer);
    this.#values[slot] = value;
  }

  #slot(bytes: Buffer, start: number, end: number): number {
    return hashBytes(wordsOf(bytes), start, end - start) & (AuthorityCache.#size - 1);
  }
}

const cache = new AuthorityCache();

/** What is wrong with a host, perhaps with a port, that a configuration has servers see. Undefined if nothing is. */
export function authorityProblem(text: string): string | undefined {
  const bytes = Buffer.from(text, 'latin1');
  const authority = parseAuthority(bytes, 0, bytes.length);
  const isRight = authority !== undefined && !authority.lax && /^[\x21-\x7e]*$/.test(text);
  return isRight ? undefined : 'expected a host such as "api.internal", perhaps with a port';
}
