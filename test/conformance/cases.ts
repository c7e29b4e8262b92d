import { readFileSync } from 'node:fs';

/** What must become of a case. */
export interface Expectation {
  readonly kind: 'forward' | 'reject' | 'close';
  readonly status?: readonly number[];
  readonly mustContain?: readonly string[];
  readonly mustNotContain?: readonly string[];
  /** The connection may stay open after the answer. */
  readonly keepAlive?: boolean;
  /** A head may have reached the origin already; the message must never be completed there. */
  readonly partial?: boolean;
  /** The first message is served, the second refused. */
  readonly okThenReject?: boolean;
}

/** One line of `http_cases.jsonl`; see README.md. Text is latin1: one character, one byte. */
export interface Case {
  readonly id: string;
  readonly side: 'request' | 'connect' | 'response';
  readonly bytes: string;
  /** With `http.strict: true`; with defaults too, unless `usual` says something else. */
  readonly expect: Expectation;
  /** The outcome with defaults, where that differs. */
  readonly usual?: Expectation;
  readonly note: string;
  readonly source: string;
  readonly needs?: string;
  readonly mode?: 'forward' | 'reverse';
  readonly req?: string;
  readonly follow?: string;
  readonly timing?: { readonly bytes?: number; readonly everyMs: number; readonly readBytes?: number };
  readonly timeoutMs?: number;
  readonly clientClose?: boolean;
  readonly clientRst?: boolean;
  readonly originClose?: boolean;
  readonly originRst?: boolean;
  readonly originSend?: string;
  readonly originLate?: { readonly afterMs: number; readonly bytes: string };
}

/** What the placeholders stand for. */
export interface Places {
  /** Authority of the origin. */
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
  /** Authority of the proxy's own listener. */
  readonly proxy: string;
  readonly proxyPort: number;
  /** The proxy's own pseudonym in Via. */
  readonly via: string;
}

/** What this version does not have, and so the cases that it cannot be asked about. */
export const NOT_IN_THIS_VERSION: ReadonlySet<string> = new Set(['parent-proxy']);

export function loadCases(): Case[] {
  const text = readFileSync(new URL('http_cases.jsonl', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Case);
}

export function isLeftOut({ needs }: Case): boolean {
  return needs !== undefined && NOT_IN_THIS_VERSION.has(needs);
}

/** The bytes that a text with placeholders stands for. */
export function bytesOf(text: string, places: Places): Buffer {
  return Buffer.from(expand(text, places), 'latin1');
}

/** The text with its placeholders replaced. `{REP|…|n}` may hold other placeholders, `{LEN}` looks at the outcome. */
export function expand(text: string, places: Places): string {
  const named = text
    .replaceAll('{HOST}', places.host)
    .replaceAll('{HOSTNAME}', places.hostname)
    .replaceAll('{PORT}', String(places.port))
    .replaceAll('{PROXY}', places.proxy)
    .replaceAll('{PROXYPORT}', String(places.proxyPort))
    .replaceAll('{VIA}', places.via);
  const repeated = named.replace(/\{REP\|([^]*?)\|([0-9]+)\}/g, (_, part: string, count: string) =>
    part.repeat(Number(count)),
  );
  if (!repeated.includes('{LEN}')) return repeated;
  const body = repeated.slice(repeated.indexOf('\r\n\r\n') + 4);
  return repeated.replaceAll('{LEN}', String(body.length));
}

/** For comparing: ASCII letters in lower case, every other byte as it is. */
export function foldCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
