import type { HostPort, ServiceMode } from '@inband/core';
import { NO_AUTHORITY, parseAuthority, type Authority } from '../authority.ts';
import { COLON, SP } from '../bytes.ts';
import { parseMethod } from '../methods.ts';
import { isHttp11, minorVersion, VERSION_LENGTH } from '../version.ts';
import { sameBytes, wordsOf } from '../words.ts';
import { badRequest, refusedByStrict } from './faults.ts';
import { HeadParser, type HeadLimits } from '../parser/head-parser.ts';
import { readTarget, type TargetForm, type TargetRules } from './target.ts';

const USUAL: TargetRules = { strict: false, secure: false };
const STRICT: TargetRules = { strict: true, secure: false };
const SECURE: TargetRules = { strict: false, secure: true };
const STRICT_SECURE: TargetRules = { strict: true, secure: true };

/** What the parser of heads has refused in a target already, where that comes from a client. */
const NO_CONTROLS = /^[!-~\u0080-\u00ff]+$/;

/**
 * The request line of a head: method, target and version, and the authority that the target names, or else `Host`. `RequestHead` adds what
 * the fields say. Positions count from the start of the head, as in {@link HeadParser}.
 */
export abstract class RequestLine extends HeadParser {
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

  #authority: Authority | undefined = undefined;
  /** What the client asked for, where the request goes elsewhere. */
  #asked: Authority | undefined = undefined;
  #rules = USUAL;
  #namesTls = false;
  #namesWebSocket = false;

  constructor() {
    super('request');
  }

  /** The request target as the client wrote it. Undefined before the request line was understood. */
  get url(): string | undefined {
    if (this.targetEnd === 0) return undefined;
    return this.buffer.toString('latin1', this.base + this.targetStart, this.base + this.targetEnd);
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
    const isSecure = this.form === 'absolute' ? this.#namesTls : this.#rules.secure;
    return isSecure ? this.authority.secureTarget : this.authority.target;
  }

  /** Whether the target is an absolute URL with `https://` or `wss://`. */
  get namesTls(): boolean {
    return this.#namesTls;
  }

  /** Whether the target is an absolute URL with `ws://`. */
  protected get namesWebSocket(): boolean {
    return this.#namesWebSocket;
  }

  override reset(limits: HeadLimits): void {
    super.reset(limits);
    if (limits.secure === true) this.#rules = limits.strict ? STRICT_SECURE : SECURE;
    else this.#rules = limits.strict ? STRICT : USUAL;
    this.method = '';
    this.targetEnd = 0;
    this.#namesTls = false;
    this.#namesWebSocket = false;
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
    const parts = readTarget(buffer, start, end, this.method === 'CONNECT', this.#rules);
    const { base } = this;
    this.targetStart = start - base;
    this.targetEnd = end - base;
    this.form = parts.form;
    this.#namesTls = parts.secure;
    this.#namesWebSocket = parts.webSocket;
    this.pathStart = parts.pathStart - base;
    this.pathEnd = parts.pathEnd - base;
    this.#authority = undefined;
    this.#asked = undefined;
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
    if (!NO_CONTROLS.test(target))
      throw badRequest('The request target is empty, or holds a space or a control character.');
    const parts = readTarget(bytes, 0, bytes.length, this.method === 'CONNECT', SECURE);
    const { authorityStart, authorityEnd, pathStart, pathEnd, form, secure } = parts;
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
      this.#namesTls = secure;
    }
    if (form === 'authority') return;
    this.pathStart = at + pathStart;
    this.pathEnd = at + pathEnd;
  }

  /** Has `Host`, which is the field at `index` or -1, agree with the target, or name the authority in its place. */
  protected checkHost(index: number, mode: ServiceMode, strict: boolean): void {
    if (index < 0) return this.#checkMissingHost(true, mode, strict);
    const start = this.valueStart(index);
    const end = this.valueEnd(index);
    // An absolute-form target wins over Host (RFC 9112 section 3.2.2). Mostly they are the same.
    if (this.#authority !== undefined && this.#isAuthority(start, end)) return;
    if (start === end && !strict && (this.#authority !== undefined || this.minor === 0)) {
      return this.#checkMissingHost(false, mode, strict);
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
  #checkMissingHost(isMissing: boolean, mode: ServiceMode, strict: boolean): void {
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
}

function findSpace(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== SP) at += 1;
  return at;
}
