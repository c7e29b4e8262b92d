import { badRequest, refusedByStrict, withoutTls } from './faults.ts';
import { equalsLower, HEX, ascii, PATH, QUERY, RAW, TARGET } from '../bytes.ts';
import { checkRawPath } from './raw-path.ts';

/** RFC 9112 section 3.2. */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk';

/** Where the parts of a request target lie. `path` includes the query. It may be empty in absolute-form. */
export interface TargetParts {
  form: TargetForm;
  /** Whether the scheme of an absolute-form is `ws`, which is `http` where an Upgrade to websocket is asked for. */
  webSocket: boolean;
  /** Whether the scheme of an absolute-form is `https` or `wss`. */
  secure: boolean;
  authorityStart: number;
  authorityEnd: number;
  pathStart: number;
  pathEnd: number;
}

/** Of the target that was read last. One object, because a target's parts are taken from it at once. */
const parts: TargetParts = {
  form: 'origin',
  webSocket: false,
  secure: false,
  authorityStart: 0,
  authorityEnd: 0,
  pathStart: 0,
  pathEnd: 0,
};

const SLASH = 0x2f;
const QUESTION = 0x3f;
const ASTERISK = 0x2a;
const PERCENT = 0x25;
const HTTP = ascii('http://');
const WS = ascii('ws://');
const HTTPS = ascii('https://');
const WSS = ascii('wss://');

/** Which targets are accepted. */
export interface TargetRules {
  /** Without it every other byte passes that ends neither the target nor its query. */
  readonly strict: boolean;
  /**
   * Whether `https://` is understood: from clients that speak TLS to a server that the proxy stands in for, and of a forward proxy that speaks
   * TLS to servers.
   */
  readonly secure: boolean;
}

/**
 * Splits the target in `bytes[start..end)` into parts, checking every byte of path and query. What it returns holds until the next
 * call. Throws what is wrong with it. It has no
 * controls, because the parser has refused them. Without `strict` every other byte passes that ends
 * neither the target nor its query, because browsers and programs send them and no two recipients disagree where the
 * target ends.
 */
export function readTarget(
  bytes: Buffer,
  start: number,
  end: number,
  isConnect: boolean,
  { strict, secure }: TargetRules,
): Readonly<TargetParts> {
  parts.authorityStart = start;
  parts.authorityEnd = start;
  parts.pathStart = start;
  parts.pathEnd = end;
  parts.webSocket = false;
  parts.secure = false;
  if (isConnect) {
    parts.form = 'authority';
    parts.authorityEnd = end;
    parts.pathStart = end;
  } else if (bytes[start] === SLASH) {
    parts.form = 'origin';
    checkPathAndQuery(bytes, start, end, strict);
  } else if (bytes[start] === ASTERISK && end === start + 1) {
    parts.form = 'asterisk';
  } else {
    readScheme(bytes, start, end, strict);
    if (parts.secure && !secure) throw withoutTls();
    readAbsolute(bytes, end, strict);
  }
  return parts;
}

function readScheme(bytes: Buffer, start: number, end: number, strict: boolean): void {
  if (beginsWith(bytes, start, end, HTTP)) parts.authorityStart = start + HTTP.length;
  else if (!strict && beginsWith(bytes, start, end, WS)) {
    parts.webSocket = true;
    parts.authorityStart = start + WS.length;
  } else if (beginsWith(bytes, start, end, HTTPS)) {
    parts.secure = true;
    parts.authorityStart = start + HTTPS.length;
  } else if (beginsWith(bytes, start, end, WSS)) {
    parts.secure = true;
    parts.webSocket = true;
    parts.authorityStart = start + WSS.length;
  } else throw badRequest('The request target is neither a path nor an absolute http:// URL.');
}

function readAbsolute(bytes: Buffer, end: number, strict: boolean): void {
  parts.form = 'absolute';
  let at = parts.authorityStart;
  while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION) at += 1;
  parts.authorityEnd = at;
  parts.pathStart = at;
  checkPathAndQuery(bytes, at, end, strict);
}

function beginsWith(bytes: Buffer, start: number, end: number, lower: Uint8Array): boolean {
  const stop = start + lower.length;
  return end >= stop && equalsLower(bytes, start, stop, lower);
}

function checkPathAndQuery(bytes: Buffer, start: number, end: number, strict: boolean): void {
  if (strict) return checkByGrammar(bytes, start, end);
  let isRaw = false;
  for (let at = start; at < end; at++) {
    const kind = TARGET[bytes[at]!];
    if (kind === 1) continue;
    if (kind !== RAW) throw badRequest('The request target holds a space or a "#".');
    isRaw = true;
  }
  if (isRaw) checkRawPath(bytes, start, end);
}

/** RFC 3986 for the path. A query may hold a little more, see {@link QUERY}. */
function checkByGrammar(bytes: Buffer, start: number, end: number): void {
  let at = start;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUESTION) break;
    if (PATH[byte] !== 1) throw refusedByStrict('The path holds a character that must be percent-encoded.');
    if (byte !== PERCENT) continue;
    if (at + 2 >= end || HEX[bytes[at + 1]!] === 255 || HEX[bytes[at + 2]!] === 255) {
      throw refusedByStrict('The path holds a "%" that two hexadecimal digits do not follow.');
    }
  }
  for (at += 1; at < end; at++) {
    if (QUERY[bytes[at]!] !== 1) throw refusedByStrict('The query holds a character that must be percent-encoded.');
  }
}
