import { Treat } from '../field-names.ts';
import type { HeadParser } from '../parser/head-parser.ts';
import {
  DROPPED,
  LINE_END,
  MARKS,
  NAME_END,
  NAME_START,
  SLOTS,
  treatOfMarks,
  VALUE_END,
  VALUE_START,
} from '../parser/head-table.ts';
import { COLON, copyLiteral, copyBytes, CR, LF, SP, writeDecimal } from '../bytes.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import { HEAD_AT, sendBuffer } from '../send-buffer.ts';
import { canonicalRequestStart, canonicalResponseStart } from './canonical-start.ts';
import { Literal } from '../words.ts';

const HTTP_11_LINE = new Literal(' HTTP/1.1\r\nHost: ');
const HTTP_11 = new Literal('HTTP/1.1 ');
const CONTENT_LENGTH = new Literal('Content-Length: ');
const CHUNKED = new Literal('Transfer-Encoding: chunked\r\n');
const CLOSE = new Literal('Connection: close\r\n');
const UPGRADE = new Literal('Connection: Upgrade\r\nUpgrade: ');
const TE_TRAILERS = new Literal('Connection: TE\r\nTE: trailers\r\n');
const UPGRADE_WITH_TE = new Literal('Connection: Upgrade, TE\r\nTE: trailers\r\nUpgrade: ');
/** RFC 4559 section 6. It is for this hop only, because only this proxy says so. */
const PROXY_SUPPORT = new Literal('Proxy-Support: Session-Based-Authentication\r\nConnection: Proxy-Support\r\n');
const MAX_FORWARDS = new Literal('Max-Forwards: ');

/** What the proxy adds on the way to the server. */
export interface RequestAdditions {
  /** A `Via` line for requests received as HTTP/1.0 and as HTTP/1.1. */
  readonly via: readonly [http10: Literal, http11: Literal];
  /** Lines that say who the client is, where the service is configured so. The client's own are left out then. */
  readonly forwarded: Literal | undefined;
  /** Lines that say of which trace the request is a part. The client's own are left out then. */
  readonly traced?: Literal | undefined;
  /** What stands in `Host` when the client named no host. */
  readonly host?: Literal | undefined;
  /** For a server that is a proxy: what stands before the path, `http://shop.example` (RFC 9112 section 3.2.2). */
  readonly origin?: Literal | undefined;
  /** The line by which the proxy logs in there. */
  readonly login?: Literal | undefined;
}

/** What the proxy adds on the way to the client. */
export interface ResponseAdditions {
  readonly via: readonly [http10: Literal, http11: Literal];
  /** Gives a `Date` line, for responses that have none (RFC 9110 section 6.6.1). */
  readonly date: () => Literal;
  /** How the body goes to the client. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  readonly close: boolean;
  /** Tells a client that its login is passed on and kept to its connection. */
  readonly sessionLogins?: boolean;
}

/** Room for everything that is added to a head, field lines made canonical included. */
function roomFor(head: HeadParser, added: number): number {
  return head.length + head.fieldCount + added + 1024;
}

/** Puts the request head into the send buffer at HEAD_AT, as it goes to the server. Returns where it ends. */
export function writeRequestHead(head: RequestHead, add: RequestAdditions): number {
  const { forwarded, traced, origin, login } = add;
  const { added: own, rewritten } = head;
  const added = (forwarded?.length ?? 0) + (traced?.length ?? 0) + (origin?.length ?? 0) + (login?.length ?? 0);
  const instead = rewritten === undefined ? 0 : (rewritten.path?.length ?? 0) + (rewritten.host?.length ?? 0);
  const out = sendBuffer(roomFor(head, added + instead + (own?.length ?? 0)));
  const isRewritten = origin !== undefined || add.host !== undefined || rewritten !== undefined;
  const keptTo = isRewritten ? 0 : canonicalRequestStart(head);
  let at = keptTo > 0 ? HEAD_AT : writeRequestStart(head, add, out);
  let stop: number = forwarded === undefined ? Treat.stopsInRequest : Treat.stopsInRequest | Treat.clientIdentity;
  if (traced !== undefined) stop |= Treat.traceContext;
  at = writeFields(head, out, at, stop, keptTo);
  if (head.chunked) at = copyLiteral(out, at, CHUNKED);
  else if (head.contentLength >= 0) at = writeNumberField(out, at, CONTENT_LENGTH, head.contentLength);
  const { trailersWelcome } = head;
  if (head.upgradeIndex >= 0) {
    at = writeUpgrade(head, head.upgradeIndex, out, at, trailersWelcome ? UPGRADE_WITH_TE : UPGRADE);
  } else if (trailersWelcome) at = copyLiteral(out, at, TE_TRAILERS);
  if (head.maxForwards > 0) at = writeNumberField(out, at, MAX_FORWARDS, head.maxForwards - 1);
  if (own !== undefined) at = copyLiteral(out, at, own);
  if (forwarded !== undefined) at = copyLiteral(out, at, forwarded);
  if (traced !== undefined) at = copyLiteral(out, at, traced);
  if (login !== undefined) at = copyLiteral(out, at, login);
  const via = add.via[head.minor === 0 ? 0 : 1];
  at = copyLiteral(out, at, via);
  return writeCrlf(out, at);
}

/** The request line and `Host`. */
function writeRequestStart(head: RequestHead, { origin, host }: RequestAdditions, out: Buffer): number {
  const method = head.base + head.lineStart;
  let at = copyBytes(out, HEAD_AT, head.buffer, method, method + head.method.length);
  out[at++] = SP;
  if (origin === undefined) at = writePath(head, out, at);
  else at = writeUrl(head, out, copyLiteral(out, at, origin));
  at = copyLiteral(out, at, HTTP_11_LINE);
  const { authorityStart, authorityEnd, rewritten } = head;
  if (rewritten?.host !== undefined) at = copyLiteral(out, at, rewritten.host);
  else if (host !== undefined) at = copyLiteral(out, at, host);
  else at = copyBytes(out, at, head.buffer, head.base + authorityStart, head.base + authorityEnd);
  return writeCrlf(out, at);
}

/** Puts the response head into the send buffer at HEAD_AT, as it goes to the client. Returns where it ends. */
export function writeResponseHead(head: ResponseHead, add: ResponseAdditions): number {
  const { added } = head;
  const out = sendBuffer(roomFor(head, added?.length ?? 0));
  const keptTo = canonicalResponseStart(head);
  let at = keptTo > 0 ? HEAD_AT : writeStatusLine(head, out);
  at = writeFields(head, out, at, Treat.stopsInResponse, keptTo);
  if (add.framing === 'chunked') at = copyLiteral(out, at, CHUNKED);
  else if (add.framing !== 'close' && announcesLength(head)) {
    at = writeNumberField(out, at, CONTENT_LENGTH, head.contentLength);
  }
  if (head.status === 101) at = writeUpgrade(head, head.upgradeIndex, out, at, UPGRADE);
  else if (add.close) at = copyLiteral(out, at, CLOSE);
  if (add.sessionLogins === true) at = copyLiteral(out, at, PROXY_SUPPORT);
  if (added !== undefined) at = copyLiteral(out, at, added);
  if (!head.hasDate && !head.interim) at = copyLiteral(out, at, add.date());
  const via = add.via[head.minor === 0 ? 0 : 1];
  at = copyLiteral(out, at, via);
  return writeCrlf(out, at);
}

function writeStatusLine(head: ResponseHead, out: Buffer): number {
  let at = copyLiteral(out, HEAD_AT, HTTP_11);
  at = writeDecimal(out, at, head.status);
  out[at++] = SP;
  at = copyBytes(out, at, head.buffer, head.base + head.reasonStart, head.base + head.reasonEnd);
  return writeCrlf(out, at);
}

/** In answers to HEAD and in 304 the length does not frame a body. 1xx and 204 have none (RFC 9110 section 8.6). */
function announcesLength(head: ResponseHead): boolean {
  return head.contentLength >= 0 && !head.interim && head.status !== 204;
}

/** An empty path is "/" (RFC 9112 section 3.2.1), or "*" for OPTIONS on the whole server (RFC 9112 section 3.2.4). */
function writePath(head: RequestHead, out: Buffer, at: number): number {
  const rewritten = head.rewritten?.path;
  if (rewritten !== undefined) return copyLiteral(out, at, rewritten);
  const start = head.base + head.pathStart;
  const end = head.base + head.pathEnd;
  let position = at;
  if (start === end) {
    out[position++] = head.method === 'OPTIONS' ? 0x2a : 0x2f;
    return position;
  }
  if (head.buffer[start] === 0x3f) out[position++] = 0x2f;
  return copyBytes(out, position, head.buffer, start, end);
}

/** What stands behind the origin of a URL. OPTIONS on the whole server has nothing there (RFC 9112 section 3.2.4), nor has CONNECT. */
function writeUrl(head: RequestHead, out: Buffer, at: number): number {
  if (head.method === 'CONNECT') return at;
  return head.pathStart === head.pathEnd && head.method === 'OPTIONS' ? at : writePath(head, out, at);
}

/**
 * Copies the field lines that are passed on. Runs of lines that are in canonical form are copied at once, other lines by name and value.
 * If `keptTo` is not 0, everything before it goes in front of them as it was written.
 */
function writeFields(head: HeadParser, out: Buffer, at: number, stop: number, keptTo: number): number {
  const { buffer, base, fields } = head;
  const last = head.fieldCount * SLOTS;
  let position = at;
  let runStart = keptTo > 0 ? head.lineStart : 0;
  let runEnd = keptTo;
  for (let slot = 0; slot < last; slot += SLOTS) {
    const marks = fields[slot + MARKS]!;
    if ((marks & DROPPED) !== 0 || (treatOfMarks(marks) & stop) !== 0) continue;
    const lineStart = fields[slot + NAME_START]!;
    const nameEnd = fields[slot + NAME_END]!;
    const valueStart = fields[slot + VALUE_START]!;
    const valueEnd = fields[slot + VALUE_END]!;
    const lineEnd = fields[slot + LINE_END]!;
    const canonical = valueStart === nameEnd + 2 && buffer[base + nameEnd + 1] === SP && lineEnd === valueEnd + 2;
    if (canonical && lineStart === runEnd) {
      runEnd = lineEnd;
      continue;
    }
    if (runEnd > runStart) position = copyBytes(out, position, buffer, base + runStart, base + runEnd);
    if (canonical) {
      runStart = lineStart;
      runEnd = lineEnd;
      continue;
    }
    runStart = runEnd = 0;
    position = copyBytes(out, position, buffer, base + lineStart, base + nameEnd);
    out[position++] = COLON;
    out[position++] = SP;
    position = copyBytes(out, position, buffer, base + valueStart, base + valueEnd);
    position = writeCrlf(out, position);
  }
  if (runEnd > runStart) position = copyBytes(out, position, buffer, base + runStart, base + runEnd);
  return position;
}

function writeUpgrade(head: HeadParser, index: number, out: Buffer, at: number, before: Literal): number {
  const start = head.valueStart(index);
  const end = head.valueEnd(index);
  let position = copyLiteral(out, at, before);
  position = copyBytes(out, position, head.buffer, start, end);
  return writeCrlf(out, position);
}

function writeNumberField(out: Buffer, at: number, name: Literal, value: number): number {
  return writeCrlf(out, writeDecimal(out, copyLiteral(out, at, name), value));
}

function writeCrlf(out: Buffer, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}
