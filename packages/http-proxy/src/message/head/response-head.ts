import { readConnectionFields } from './connection-field.ts';
import { ServerWord } from './connection-login.ts';
import { badResponse } from './faults.ts';
import { Field } from '../field-names.ts';
import { HeadParser } from '../parser/head-parser.ts';
import { idOfMarks, MARKS, SLOTS } from '../parser/head-table.ts';
import { everyElement } from '../list.ts';
import { ascii, equalsLower, parseLength, SP } from '../bytes.ts';
import { Repair } from '../repairs.ts';
import { isHttp11, minorVersion, VERSION_LENGTH } from '../version.ts';
import { type Literal, wordsOf } from '../words.ts';

const CHUNKED = ascii('chunked');
const IDENTITY = ascii('identity');
/** A length that is not to be told, because it is wrong and of no consequence. */
const DROPPED_LENGTH = -2;

/** How a response body is delimited (RFC 9112 section 6.3). */
export type ResponseFraming = 'none' | 'length' | 'chunked' | 'close';

/** A response head. The parser reads it, then `understand` checks it as the answer to a method. */
export class ResponseHead extends HeadParser {
  status = 0;
  minor = 1;
  /** Position of the reason phrase, from the start of the head. */
  reasonStart = 0;
  reasonEnd = 0;
  framing: ResponseFraming = 'none';
  /** The announced length, or -1. Of no consequence for framing in answers to HEAD and in 304. */
  contentLength = -1;
  /** Whether its status and the method of the request allow content. */
  mayHaveContent = true;
  chunked = false;
  /** The server closes the connection after this response. */
  close = false;
  hasDate = false;
  /** Position of the one `Upgrade` field to honour. Negative for none, or for two. */
  upgradeIndex = -1;
  /** Lines that this proxy adds. */
  added: Literal | undefined = undefined;
  /** Whether the end of the body depends on framing fields. `strict` checks them where it does not, too. */
  #framingMatters = true;
  /** What it says about the connection beside `Connection`. */
  readonly word = new ServerWord();

  constructor() {
    super('response');
  }

  /** A response that announces another one (RFC 9110 section 15.2). */
  get interim(): boolean {
    return this.status < 200;
  }

  protected readStartLine(buffer: Buffer, start: number, end: number): void {
    const minor = end - start >= VERSION_LENGTH ? versionOf(buffer, start) : undefined;
    if (minor === undefined || minor < 0) throw badResponse('The server did not answer with HTTP/1.x.');
    this.minor = minor > 1 ? 1 : minor;
    const at = start + VERSION_LENGTH;
    const status = this.#status(buffer, at, end);
    if (status === undefined) throw badResponse('The status line of the server is malformed.');
    this.status = status;
    this.reasonStart = Math.min(at + 5, end) - this.base;
    this.reasonEnd = end - this.base;
  }

  /** SP, three digits from 100 to 599 or a private class up to 999, then SP and a reason, which may be missing. */
  #status(buffer: Buffer, at: number, end: number): number | undefined {
    if (buffer[at] !== SP || end < at + 4) return undefined;
    if (end > at + 4 && buffer[at + 4] !== SP) return undefined;
    const status = parseLength(buffer, at + 1, at + 4);
    return status >= 100 ? status : undefined;
  }

  /**
   * Checks the complete head as the answer to a request with `method`. Throws what is wrong with it and cannot be mended, or with `strict`
   * all that is wrong. `repairs` says what was mended.
   */
  understand(method: string, strict: boolean): void {
    const { status } = this;
    const hasBody = method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
    this.contentLength = -1;
    this.mayHaveContent = hasBody;
    this.chunked = false;
    this.close = this.minor === 0;
    this.hasDate = false;
    this.upgradeIndex = -1;
    this.added = undefined;
    this.word.reset();
    this.#framingMatters = hasBody || strict;
    const connection = this.#readFields(strict);
    if (connection) this.#applyConnection(strict);
    else this.#withoutUpgradeOption(strict);
    if (this.chunked && (this.contentLength >= 0 || this.minor === 0 || this.repairs !== 0)) this.#mendChunked(strict);
    if (!hasBody) this.#dropFraming();
    this.framing = this.#framing(hasBody);
  }

  #readFields(strict: boolean): boolean {
    const { buffer, fields } = this;
    const count = this.fieldCount;
    let connection = false;
    for (let index = 0; index < count; index++) {
      const id = idOfMarks(fields[index * SLOTS + MARKS]!);
      if (id === Field.other) continue;
      if (id === Field.date) this.hasDate = true;
      else if (id === Field.connection) connection = true;
      else if (id === Field.upgrade) this.upgradeIndex = this.upgradeIndex === -1 ? index : -2;
      else if (id === Field.contentLength) {
        const start = this.valueStart(index);
        const end = this.valueEnd(index);
        const length = parseLength(buffer, start, end);
        if (length >= 0 && this.contentLength === -1) this.contentLength = length;
        else this.#oddLength(start, end, strict);
      } else if (id === Field.wwwAuthenticate || id === Field.persistentAuth || id === Field.keepAlive) {
        this.word.read(this, id, index);
      } else if (id === Field.transferEncoding) {
        const start = this.valueStart(index);
        const end = this.valueEnd(index);
        if (!this.chunked && equalsLower(buffer, start, end, CHUNKED)) this.chunked = true;
        else this.#oddCoding(start, end, strict);
      }
    }
    return connection;
  }

  /** Handles a length that is not one whole number, or not the first one. The same length may be repeated (RFC 9110 section 8.6). */
  #oddLength(start: number, end: number, strict: boolean): void {
    const before = this.contentLength;
    if (!strict) {
      const length = repeatedLength(this.buffer, start, end);
      if (length >= 0 && (before === -1 || before === length)) {
        this.contentLength = length;
        this.repairs |= Repair.repeatedLength;
        return;
      }
      if (!this.#framingMatters) {
        this.contentLength = DROPPED_LENGTH;
        this.repairs |= Repair.framingWithoutBody;
        return;
      }
    }
    throw badResponse(
      before >= 0
        ? 'The server gave two Content-Length fields.'
        : 'The Content-Length of the server is not a number of bytes.',
    );
  }

  /** Handles a coding that is not just `chunked`, or not the first one. Only `chunked` can be undone, and only once. */
  #oddCoding(start: number, end: number, strict: boolean): void {
    const { buffer } = this;
    if (!strict) {
      if (equalsLower(buffer, start, end, IDENTITY)) {
        this.repairs |= Repair.identity;
        return;
      }
      if (isRepeatedChunked(buffer, start, end)) {
        this.chunked = true;
        this.repairs |= Repair.repeatedChunked;
        return;
      }
      if (!this.#framingMatters) {
        this.repairs |= Repair.framingWithoutBody;
        return;
      }
    }
    throw badCoding();
  }

  /** Handles chunks beside a length, HTTP/1.0 or `identity`. The chunks count (RFC 9112 section 6.3). */
  #mendChunked(strict: boolean): void {
    if ((this.repairs & Repair.identity) !== 0 && this.#framingMatters) throw badCoding();
    if (this.contentLength >= 0) {
      if (strict) throw badResponse('The server gave both Content-Length and Transfer-Encoding.');
      this.contentLength = -1;
      this.repairs |= Repair.lengthBesideChunked;
    }
    if (this.minor > 0) return;
    if (strict) {
      throw badResponse('The server gave Transfer-Encoding in HTTP/1.0.', 'http_response_transfer_coding');
    }
    this.repairs |= Repair.chunksInHttp10;
  }

  /** Handles an answer without a body. A 1xx or 204 that announces one is noted in `repairs`, because the server may send it. */
  #dropFraming(): void {
    const { status, contentLength } = this;
    if (contentLength === DROPPED_LENGTH) this.contentLength = -1;
    const mayNot = status < 200 || status === 204;
    if (mayNot && (this.chunked || contentLength > 0)) this.repairs |= Repair.framingWithoutBody;
  }

  /** Handles an `Upgrade` that `Connection` does not name. A 101 switches by its status alone. Other answers only offer it to this hop. */
  #withoutUpgradeOption(strict: boolean): void {
    if (this.status !== 101 || this.upgradeIndex < 0 || strict) this.upgradeIndex = -1;
    else this.repairs |= Repair.upgradeWithoutConnection;
  }

  #applyConnection(strict: boolean): void {
    const options = readConnectionFields(this, Field.connection);
    if (options.malformed) throw badResponse('The Connection field of the server is malformed or absurdly long.');
    this.close = options.close || (this.minor === 0 && !options.keepAlive);
    if (!options.upgrade) this.#withoutUpgradeOption(strict);
  }

  /** RFC 9112 section 6.3. Without any length the end of the connection is the end of the body. */
  #framing(hasBody: boolean): ResponseFraming {
    if (!hasBody) return 'none';
    if (this.chunked) return 'chunked';
    if (this.contentLength >= 0) return this.contentLength === 0 ? 'none' : 'length';
    this.close = true;
    return 'close';
  }
}

/** The length that a list repeats, if it has no other. Else -1. */
function repeatedLength(buffer: Buffer, start: number, end: number): number {
  let length = -1;
  const isSame = everyElement(buffer, start, end, (from, to) => {
    const each = parseLength(buffer, from, to);
    if (each < 0 || (length >= 0 && each !== length)) return false;
    length = each;
    return true;
  });
  return isSame ? length : -1;
}

function isRepeatedChunked(buffer: Buffer, start: number, end: number): boolean {
  return everyElement(buffer, start, end, (from, to) => equalsLower(buffer, from, to, CHUNKED));
}

function badCoding(): Error {
  return badResponse('The transfer coding of the server is not exactly "chunked".', 'http_response_transfer_coding');
}

function versionOf(buffer: Buffer, start: number): number | undefined {
  return isHttp11(wordsOf(buffer), start) ? 1 : minorVersion(buffer, start);
}
