import { type HostPort, ProxyError, type ServiceMode } from '@inband/core';
import { NO_AUTHORITY, parseAuthority, type Authority } from '../authority.ts';
import { readConnectionFields } from './connection-field.ts';
import { namesConnectionScheme } from './connection-login.ts';
import { badRequest, notForwardable, refusedByStrict } from './faults.ts';
import { ownPathOf } from './own-path.ts';
import { Field } from '../field-names.ts';
import { HeadParser, idOfMarks, MARKS, SLOTS, type HeadLimits } from './head-parser.ts';
import { forEachElement } from '../list.ts';
import { parseMethod } from '../methods.ts';
import { ascii, COLON, equalsLower, parseLength, SP } from '../bytes.ts';
import type { RewrittenTarget } from '../rewritten.ts';
import { readTarget, type TargetForm, type TargetParts, type TargetRules } from './target.ts';
import { isHttp11, minorVersion, VERSION_LENGTH } from '../version.ts';
import { type Literal, sameBytes, wordsOf } from '../words.ts';

const CHUNKED = ascii('chunked');
const CONTINUE = ascii('100-continue');
const WEBSOCKET = ascii('websocket');
const H2C = ascii('h2c');
const CLOSE = ascii('close');
const TRAILERS = ascii('trailers');
const HTML = 'text/html';

/** What a service wants to know of its requests. */
export interface RequestRules {
  readonly mode: ServiceMode;
  /** Whether what cannot be misread is refused too, see `HttpOptions.strict`. */
  readonly strict: boolean;
  /** Whether the proxy answers requests in origin-form that ask for a page of its own. */
  readonly ownPages: boolean;
  /** Our own name in `Via`, in lower case bytes. */
  readonly pseudonym: Uint8Array;
}

const USUAL: TargetRules = { strict: false, secure: false };
const STRICT: TargetRules = { strict: true, secure: false };
const SECURE: TargetRules = { strict: false, secure: true };
const STRICT_SECURE: TargetRules = { strict: true, secure: true };

/** What the parser of heads has refused in a target already, where that comes from a client. */
const NO_CONTROLS = /^[!-~\u0080-\u00ff]+$/;

/** Hops that a `Via` may list before it is taken for a loop. */
const MAX_HOPS = 100;

/**
 * A request head. The parser reads it, then `understand` checks it as a whole. Positions count from the start of
 * the head, as in {@link HeadParser}. One object serves many requests, one after the other.
 */
export class RequestHead extends HeadParser {
  method = '';
  /** 0 or 1. Anything higher is treated as 1. */
  minor = 1;
  form: TargetForm = 'origin';
  /** The whole request target. */
  targetStart = 0;
  targetEnd = 0;
  /** Path and query as the client wrote them. May be empty in absolute-form. */
  pathStart = 0;
  pathEnd = 0;
  /** Where the authority was written. It is in the target, or else in `Host`. */
  authorityStart = 0;
  authorityEnd = 0;
  /** Bytes of the body, or -1 when `chunked` or none was announced. */
  contentLength = -1;
  chunked = false;
  /** The client will not get another answer on this connection. */
  close = false;
  /** The client sends nothing behind this request, because it says so, or because it speaks HTTP/1.0 without keep-alive. */
  isLast = false;
  /** Position of the `Upgrade` field to honour, or -1. */
  upgradeIndex = -1;
  expectContinue = false;
  /** The client said `TE: trailers`, and those of a chunked answer will reach it. */
  trailersWelcome = false;
  /** Hops left, or -1 when the method does not count them. */
  maxForwards = -1;

  /** It carries a login that will belong to the server connection. */
  logsIn = false;

  /** Lines that this proxy adds. */
  added: Literal | undefined = undefined;
  /** What the server is sent in place of what was asked for, where that is something else. */
  rewritten: RewrittenTarget | undefined = undefined;

  #authority: Authority | undefined = undefined;
  /** What the client asked for, where the request goes elsewhere. */
  #asked: Authority | undefined = undefined;
  #hostIndex = -1;
  #connection = false;
  /** The Upgrade asks for a WebSocket. */
  #webSocket = false;
  #rules = USUAL;
  readonly #parts: TargetParts = {
    form: 'origin',
    webSocket: false,
    secure: false,
    authorityStart: 0,
    authorityEnd: 0,
    pathStart: 0,
    pathEnd: 0,
  };

  constructor() {
    super('request');
  }

  /** The request target as the client wrote it. Undefined before the request line was understood. */
  get url(): string | undefined {
    if (this.targetEnd === 0) return undefined;
    return this.buffer.toString('latin1', this.base + this.targetStart, this.base + this.targetEnd);
  }

  /** Whether `Accept` names HTML, as that of a browser does. */
  get prefersHtml(): boolean {
    const index = this.indexOf(Field.accept);
    return index >= 0 && this.value(index).toLowerCase().includes(HTML);
  }

  /** The authority of the target. `NO_AUTHORITY` for a request that names no host. */
  get authority(): Authority {
    return this.#authority ?? NO_AUTHORITY;
  }

  /** The authority that the client wrote, wherever the request goes. */
  get askedAuthority(): Authority {
    return this.#asked ?? this.authority;
  }

  /** The server that is asked for. Without a port it is that of the scheme: of the one that is written, else of the connection. */
  get target(): HostPort {
    const { form, secure } = this.#parts;
    const isSecure = form === 'absolute' ? secure : this.#rules.secure;
    return isSecure ? this.authority.secureTarget : this.authority.target;
  }

  /** Whether the target is an absolute URL with `https://` or `wss://`. */
  get namesTls(): boolean {
    return this.#parts.secure;
  }

  get hasBody(): boolean {
    return this.chunked || this.contentLength > 0;
  }

  override reset(limits: HeadLimits): void {
    super.reset(limits);
    if (limits.secure === true) this.#rules = limits.strict ? STRICT_SECURE : SECURE;
    else this.#rules = limits.strict ? STRICT : USUAL;
    this.method = '';
    this.targetEnd = 0;
  }

  protected readStartLine(buffer: Buffer, start: number, end: number): void {
    const methodEnd = findSpace(buffer, start, end);
    const versionStart = end - VERSION_LENGTH;
    let targetEnd = versionStart - 1;
    if (targetEnd > methodEnd + 1 && buffer[targetEnd] === SP && isHttp11(wordsOf(buffer), versionStart)) {
      // A space in the target is refused with the target.
      this.minor = 1;
    } else {
      targetEnd = methodEnd < end ? findSpace(buffer, methodEnd + 1, end) : end;
      if (targetEnd === end || targetEnd === methodEnd + 1) {
        throw badRequest('The request line is not "method SP target SP version".');
      }
      this.#readVersion(buffer, targetEnd + 1, end);
    }
    const method = parseMethod(buffer, start, methodEnd, this.#rules.strict);
    if (method === undefined)
      throw badRequest('The method is not a token, or a known one in the wrong case or glued to other bytes.');
    this.method = method;
    this.#readTarget(buffer, methodEnd + 1, targetEnd);
  }

  #readVersion(buffer: Buffer, start: number, end: number): void {
    const minor = end - start === VERSION_LENGTH ? minorVersion(buffer, start) : undefined;
    if (minor === undefined) throw badRequest('The request line does not end with a version such as HTTP/1.1.');
    if (minor < 0) throw badRequest('Only HTTP/1.x is spoken here.', { status: 505 });
    this.minor = minor > 1 ? 1 : minor;
  }

  #readTarget(buffer: Buffer, start: number, end: number): void {
    const parts = this.#parts;
    readTarget(buffer, start, end, this.method === 'CONNECT', this.#rules, parts);
    const { base } = this;
    this.targetStart = start - base;
    this.targetEnd = end - base;
    this.form = parts.form;
    this.pathStart = parts.pathStart - base;
    this.pathEnd = parts.pathEnd - base;
    this.#authority = undefined;
    if (parts.form !== 'absolute' && parts.form !== 'authority') return;
    const authority = parseAuthority(buffer, parts.authorityStart, parts.authorityEnd);
    if (authority === undefined) throw badRequest('The host or port in the request target is malformed.');
    this.#setAuthority(authority, parts.authorityStart, parts.authorityEnd, this.#rules.strict);
    if (parts.form === 'authority' && authority.port === undefined)
      throw badRequest('CONNECT needs a host and a port.');
  }

  /** What is written in `buffer[start..end)` is the authority of the request; the colon of an empty port is not. */
  #setAuthority(authority: Authority, start: number, end: number, strict: boolean): void {
    const { base } = this;
    this.#authority = authority;
    this.authorityStart = start - base;
    this.authorityEnd = end - base;
    if (!authority.lax) return;
    if (strict) throw refusedByStrict('The host has an empty port, or a label that begins or ends with a hyphen.');
    if (end > start && this.buffer[end - 1] === COLON) this.authorityEnd -= 1;
  }

  /**
   * Has the request go elsewhere than the client said. `target`: a path with its query, an absolute URL, or for CONNECT a host and a port, a
   * character for each byte. It is read as that of a client. Throws what is wrong with it.
   */
  retarget(target: string): void {
    const bytes = Buffer.from(target, 'latin1');
    const parts: TargetParts = { ...this.#parts };
    if (!NO_CONTROLS.test(target))
      throw badRequest('The request target is empty, or holds a space or a control character.');
    readTarget(bytes, 0, bytes.length, this.method === 'CONNECT', SECURE, parts);
    const { authorityStart, authorityEnd, pathStart, pathEnd, form } = parts;
    if (form === 'asterisk') throw badRequest('A request is not sent on to "*".');
    const namesHost = form === 'absolute' || form === 'authority';
    const authority = namesHost ? parseAuthority(bytes, authorityStart, authorityEnd) : undefined;
    if (namesHost && (authority === undefined || (form === 'authority' && authority.port === undefined))) {
      throw badRequest('The host or port in the request target is malformed.');
    }
    const at = this.append(bytes);
    if (authority !== undefined) {
      this.#asked ??= this.authority;
      this.#setAuthority(authority, this.base + at + authorityStart, this.base + at + authorityEnd, false);
      this.form = form;
      this.#parts.form = form;
      this.#parts.secure = parts.secure;
    }
    if (form === 'authority') return;
    this.pathStart = at + pathStart;
    this.pathEnd = at + pathEnd;
  }

  /**
   * Checks framing, host and connection options of the complete head as one message. Refuses what two parsers could read differently
   * (request smuggling). Marks the fields that are not forwarded (hop-by-hop fields). Throws a ProxyError that says what is wrong.
   */
  understand(rules: RequestRules): void {
    this.contentLength = -1;
    this.chunked = false;
    this.close = this.minor === 0;
    this.isLast = this.close;
    this.upgradeIndex = -1;
    this.expectContinue = false;
    this.maxForwards = -1;
    this.trailersWelcome = false;
    this.logsIn = false;
    this.added = undefined;
    this.#asked = undefined;
    this.rewritten = undefined;
    this.#hostIndex = -1;
    this.#connection = false;
    this.#webSocket = false;
    this.#readFields(rules);
    this.#checkForm(rules);
    this.#checkHost(rules);
    if (this.#connection) this.#applyConnection();
    else this.upgradeIndex = -1;
    this.#checkFraming();
    this.#checkUpgrade();
    this.#checkExpect();
    if (this.#parts.webSocket && !this.#webSocket) {
      throw badRequest('A ws:// URL is asked for without an Upgrade to websocket.');
    }
  }

  #readFields(rules: RequestRules): void {
    const { buffer, fields } = this;
    const count = this.fieldCount;
    for (let index = 0; index < count; index++) {
      const id = idOfMarks(fields[index * SLOTS + MARKS]!);
      switch (id) {
        case Field.other:
          break;
        case Field.host:
          if (this.#hostIndex >= 0) throw badRequest('There are two Host fields.');
          this.#hostIndex = index;
          break;
        case Field.contentLength: {
          if (this.contentLength >= 0) throw badRequest('There are two Content-Length fields.');
          const [start, end] = this.valueRange(index);
          this.contentLength = parseLength(buffer, start, end);
          if (this.contentLength < 0) throw badRequest('Content-Length is not a number of bytes.');
          break;
        }
        case Field.transferEncoding: {
          const [start, end] = this.valueRange(index);
          if (this.chunked || !equalsLower(buffer, start, end, CHUNKED)) {
            throw badRequest('The only transfer coding that is understood is exactly "chunked".');
          }
          this.chunked = true;
          break;
        }
        case Field.connection:
          this.#connection = true;
          break;
        case Field.proxyConnection: {
          const [start, end] = this.valueRange(index);
          const isClose = equalsLower(buffer, start, end, CLOSE);
          if (isClose) this.close = true;
          this.isLast = isClose;
          break;
        }
        case Field.upgrade:
          this.upgradeIndex = this.upgradeIndex === -1 ? index : -2;
          break;
        case Field.expect: {
          const [start, end] = this.valueRange(index);
          if (this.expectContinue || !equalsLower(buffer, start, end, CONTINUE)) {
            throw badRequest('The only expectation that is understood is 100-continue.', { status: 417 });
          }
          this.expectContinue = true;
          break;
        }
        case Field.maxForwards:
          this.#readMaxForwards(index);
          break;
        case Field.te:
          this.#readTe(index);
          break;
        case Field.authorization: {
          const [start, end] = this.valueRange(index);
          if (namesConnectionScheme(buffer, start, end)) this.logsIn = true;
          break;
        }
        case Field.via:
          this.#checkVia(index, rules.pseudonym);
          break;
        default:
          break;
      }
    }
  }

  /** Only OPTIONS and TRACE count hops (RFC 9110 section 7.6.2). With other methods the field is passed on unread. */
  #readMaxForwards(index: number): void {
    if (this.method !== 'OPTIONS' && this.method !== 'TRACE') return;
    const [start, end] = this.valueRange(index);
    const hops = parseLength(this.buffer, start, end);
    if (hops < 0 || this.maxForwards >= 0) throw badRequest('Max-Forwards is not one number.');
    this.maxForwards = hops;
    this.drop(index);
  }

  /** RFC 9110 section 10.1.4. HTTP/1.0 has no trailers. Each hop chooses its own transfer codings. */
  #readTe(index: number): void {
    if (this.minor === 0) return;
    const [start, end] = this.valueRange(index);
    forEachElement(this.buffer, start, end, (from, to) => {
      if (equalsLower(this.buffer, from, to, TRAILERS)) this.trailersWelcome = true;
    });
  }

  #checkVia(index: number, pseudonym: Uint8Array): void {
    const [start, end] = this.valueRange(index);
    let hops = 0;
    forEachElement(this.buffer, start, end, (from, to) => {
      hops += 1;
      if (!receivedByIs(this.buffer, from, to, pseudonym)) return;
      throw new ProxyError('proxy_loop_detected', 'The request has passed this proxy before (its name is in Via).', {
        setting: 'http.via',
      });
    });
    if (hops > MAX_HOPS) throw badRequest(`The request has already passed ${hops} proxies.`);
  }

  #checkForm({ mode, ownPages }: RequestRules): void {
    const { form, method } = this;
    if (form === 'asterisk' && method !== 'OPTIONS') throw badRequest('Only OPTIONS may ask for "*".');
    if (form === 'authority' && mode !== 'forward') {
      throw badRequest('CONNECT is for forward proxies; this is not one.', { status: 405 });
    }
    if (form === 'origin' && mode === 'forward' && !(ownPages && ownPathOf(this) !== undefined)) {
      throw notForwardable();
    }
  }

  #checkHost({ mode, strict }: RequestRules): void {
    if (this.#hostIndex < 0) return this.#checkMissingHost(mode, strict);
    const [start, end] = this.valueRange(this.#hostIndex);
    // An absolute-form target wins over Host (RFC 9112 section 3.2.2). Mostly they are the same.
    if (this.#authority !== undefined && this.#isAuthority(start, end)) return;
    if (start === end && !strict && (this.#authority !== undefined || this.minor === 0)) {
      return this.#checkMissingHost(mode, strict);
    }
    const host = parseAuthority(this.buffer, start, end);
    if (host === undefined) throw badRequest('The Host field is malformed.');
    if (this.#authority === undefined) this.#setAuthority(host, start, end, strict);
    else if (strict && host.lax) throw refusedByStrict('The Host field has an empty port or a hyphen at an end.');
  }

  /**
   * Host may be missing or empty where the target has the authority. In HTTP/1.0, which has no Host, it may also be missing where the
   * operator chooses the server.
   */
  #checkMissingHost(mode: ServiceMode, strict: boolean): void {
    const isMissing = this.#hostIndex < 0;
    if (this.#authority !== undefined) {
      if (this.minor === 0 || !isMissing || (this.form === 'authority' && !strict)) return;
      throw badRequest('There is no Host field.');
    }
    if (this.minor === 1) throw badRequest('There is no Host field.');
    if (strict || mode !== 'reverse') {
      throw badRequest('Neither the request target nor a Host field names a host.');
    }
    const nowhere = this.base + this.lineStart;
    this.#setAuthority(NO_AUTHORITY, nowhere, nowhere, strict);
  }

  /** Whether `buffer[start..end)` is, to the letter, the authority in the target, which has been checked. */
  #isAuthority(start: number, end: number): boolean {
    const { buffer } = this;
    const written = this.base + this.authorityStart;
    if (end - start !== this.authorityEnd - this.authorityStart) return false;
    const words = wordsOf(buffer);
    return sameBytes(words, start, words, written, end - start);
  }

  #applyConnection(): void {
    const options = readConnectionFields(this, Field.connection);
    if (options.malformed) throw badRequest('The Connection field is malformed or absurdly long.');
    if (options.forbidden) throw badRequest('The Connection field names a field that is not for one hop only.');
    if (options.close) this.close = this.isLast = true;
    else if (options.keepAlive) this.isLast = false;
    if (!options.upgrade || this.minor === 0) this.upgradeIndex = -1;
  }

  /** Refuses what two recipients could take for two different bodies (RFC 9112 section 6). */
  #checkFraming(): void {
    const { method } = this;
    if (this.chunked) {
      if (this.contentLength >= 0) throw badRequest('Both Content-Length and Transfer-Encoding are given.');
      if (this.minor === 0) throw badRequest('HTTP/1.0 has no Transfer-Encoding.');
    }
    if (!this.hasBody) return;
    if (method === 'CONNECT') throw badRequest('CONNECT has no body.');
    if (method === 'TRACE') throw badRequest('TRACE has no body.');
    if (this.minor === 0 && (method === 'GET' || method === 'HEAD' || method === 'DELETE')) {
      throw badRequest(`An HTTP/1.0 ${method} has no body.`);
    }
  }

  #checkUpgrade(): void {
    if (this.upgradeIndex === -2) throw badRequest('There are two Upgrade fields.');
    if (this.upgradeIndex < 0) return;
    if (this.method === 'CONNECT') {
      this.upgradeIndex = -1;
      return;
    }
    const [start, end] = this.valueRange(this.upgradeIndex);
    let webSocket = false;
    let h2c = false;
    forEachElement(this.buffer, start, end, (from, to) => {
      if (equalsLower(this.buffer, from, to, WEBSOCKET)) webSocket = true;
      if (equalsLower(this.buffer, from, to, H2C)) h2c = true;
    });
    this.#webSocket = webSocket && !h2c;
    // h2c would put messages on the connection that are not understood here (RFC 9113 section 3.1 dropped it).
    if (h2c) this.upgradeIndex = -1;
    if (webSocket && this.indexOf(Field.secWebSocketKey) < 0) {
      throw badRequest('A WebSocket handshake needs Sec-WebSocket-Key (RFC 6455).');
    }
  }

  /** An expectation without a body would wait for nothing (RFC 9110 section 10.1.1). HTTP/1.0 has none. */
  #checkExpect(): void {
    if (!this.expectContinue) return;
    if (this.hasBody && this.minor === 1) return;
    this.expectContinue = false;
    this.drop(this.indexOf(Field.expect));
  }
}

function findSpace(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== SP) at += 1;
  return at;
}

/** Whether a `Via` element (`[name "/"] version RWS received-by [comment]`) was written by `pseudonym`. */
function receivedByIs(bytes: Buffer, start: number, end: number, pseudonym: Uint8Array): boolean {
  let at = start;
  while (at < end && bytes[at] !== SP && bytes[at] !== 0x09) at += 1;
  while (at < end && (bytes[at] === SP || bytes[at] === 0x09)) at += 1;
  let stop = at;
  while (stop < end && bytes[stop] !== SP && bytes[stop] !== 0x09) stop += 1;
  return equalsLower(bytes, at, stop, pseudonym);
}
