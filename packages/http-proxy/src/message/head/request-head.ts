import type { ServiceMode } from '@inband/core';
import { ascii, equalsLower, parseLength } from '../bytes.ts';
import { Field } from '../field-names.ts';
import { forEachElement } from '../list.ts';
import type { RewrittenTarget } from '../rewritten.ts';
import type { Literal } from '../words.ts';
import { readConnectionFields } from './connection-field.ts';
import { namesConnectionScheme } from './connection-login.ts';
import { badRequest, notForwardable } from './faults.ts';
import { idOfMarks, MARKS, SLOTS } from '../parser/head-table.ts';
import { ownPathOf } from '../own-path.ts';
import { RequestLine } from './request-line.ts';
import { checkVia } from './via.ts';

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

/**
 * A request head. The parser reads it, then `understand` checks its fields, and all of it as a whole. Positions count from the start of
 * the head, as in `HeadParser`. One object serves many requests, one after the other.
 */
export class RequestHead extends RequestLine {
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

  #hostIndex = -1;
  #connection = false;
  /** The Upgrade asks for a WebSocket. */
  #webSocket = false;

  /** Whether `Accept` names HTML, as that of a browser does. */
  get prefersHtml(): boolean {
    const index = this.indexOf(Field.accept);
    return index >= 0 && this.value(index).toLowerCase().includes(HTML);
  }

  get hasBody(): boolean {
    return this.chunked || this.contentLength > 0;
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
    this.rewritten = undefined;
    this.#hostIndex = -1;
    this.#connection = false;
    this.#webSocket = false;
    this.#readFields(rules);
    this.#checkForm(rules);
    this.checkHost(this.#hostIndex, rules.mode, rules.strict);
    if (this.#connection) this.#applyConnection();
    else this.upgradeIndex = -1;
    this.#checkFraming();
    this.#checkUpgrade();
    this.#checkExpect();
    if (this.namesWebSocket && !this.#webSocket) {
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
          const start = this.valueStart(index);
          const end = this.valueEnd(index);
          this.contentLength = parseLength(buffer, start, end);
          if (this.contentLength < 0) throw badRequest('Content-Length is not a number of bytes.');
          break;
        }
        case Field.transferEncoding: {
          const start = this.valueStart(index);
          const end = this.valueEnd(index);
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
          const start = this.valueStart(index);
          const end = this.valueEnd(index);
          const isClose = equalsLower(buffer, start, end, CLOSE);
          if (isClose) this.close = true;
          this.isLast = isClose;
          break;
        }
        case Field.upgrade:
          this.upgradeIndex = this.upgradeIndex === -1 ? index : -2;
          break;
        case Field.expect: {
          const start = this.valueStart(index);
          const end = this.valueEnd(index);
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
          const start = this.valueStart(index);
          const end = this.valueEnd(index);
          if (namesConnectionScheme(buffer, start, end)) this.logsIn = true;
          break;
        }
        case Field.via: {
          const start = this.valueStart(index);
          const end = this.valueEnd(index);
          checkVia(buffer, start, end, rules.pseudonym);
          break;
        }
        default:
          break;
      }
    }
  }

  /** Only OPTIONS and TRACE count hops (RFC 9110 section 7.6.2). With other methods the field is passed on unread. */
  #readMaxForwards(index: number): void {
    if (this.method !== 'OPTIONS' && this.method !== 'TRACE') return;
    const start = this.valueStart(index);
    const end = this.valueEnd(index);
    const hops = parseLength(this.buffer, start, end);
    if (hops < 0 || this.maxForwards >= 0) throw badRequest('Max-Forwards is not one number.');
    this.maxForwards = hops;
    this.drop(index);
  }

  /** RFC 9110 section 10.1.4. HTTP/1.0 has no trailers. Each hop chooses its own transfer codings. */
  #readTe(index: number): void {
    if (this.minor === 0) return;
    const start = this.valueStart(index);
    const end = this.valueEnd(index);
    forEachElement(this.buffer, start, end, (from, to) => {
      if (equalsLower(this.buffer, from, to, TRAILERS)) this.trailersWelcome = true;
    });
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
    const start = this.valueStart(this.upgradeIndex);
    const end = this.valueEnd(this.upgradeIndex);
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
