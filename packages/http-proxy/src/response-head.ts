import { readConnectionFields } from './connection-field.ts';
import { badResponse } from './faults.ts';
import { Field } from './field-names.ts';
import { HeadParser, idOfMarks, MARKS, SLOTS } from './head-parser.ts';
import { ascii, equalsLower, parseLength, SP } from './octets.ts';
import { isHttp11, minorVersion, VERSION_LENGTH } from './version.ts';
import { wordsOf } from './words.ts';

const CHUNKED = ascii('chunked');

/** How a response body is delimited (RFC 9112 section 6.3). */
export type ResponseFraming = 'none' | 'length' | 'chunked' | 'close';

/** A response head: read by the parser, then understood as the answer to a method by `understand`. */
export class ResponseHead extends HeadParser {
  status = 0;
  minor = 1;
  /** Position of the reason phrase, from the start of the head. */
  reasonStart = 0;
  reasonEnd = 0;
  framing: ResponseFraming = 'none';
  /** The announced length, or -1. Of no consequence for framing in answers to HEAD and in 304. */
  contentLength = -1;
  chunked = false;
  /** The server closes the connection after this response. */
  close = false;
  hasDate = false;
  /** Position of the one `Upgrade` field to honour; negative for none, or for two. */
  upgradeIndex = -1;

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

  /** Judges the complete head as the answer to a request with `method`. Throws what is wrong with it. */
  understand(method: string, strict: boolean): void {
    this.contentLength = -1;
    this.chunked = false;
    this.close = this.minor === 0;
    this.hasDate = false;
    this.upgradeIndex = -1;
    const connection = this.#readFields();
    if (connection) this.#applyConnection();
    else this.upgradeIndex = -1;
    if (this.chunked && this.contentLength >= 0) {
      throw badResponse('The server gave both Content-Length and Transfer-Encoding.');
    }
    if (this.chunked && this.minor === 0) {
      throw badResponse('The server gave Transfer-Encoding in HTTP/1.0.', 'http_response_transfer_coding');
    }
    this.framing = this.#framing(method);
  }

  #readFields(): boolean {
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
        if (this.contentLength >= 0) throw badResponse('The server gave two Content-Length fields.');
        const [start, end] = this.valueRange(index);
        this.contentLength = parseLength(buffer, start, end);
        if (this.contentLength < 0) throw badResponse('The Content-Length of the server is not a number of octets.');
      } else if (id === Field.transferEncoding) {
        const [start, end] = this.valueRange(index);
        if (this.chunked || !equalsLower(buffer, start, end, CHUNKED)) {
          throw badResponse(
            'The transfer coding of the server is not exactly "chunked".',
            'http_response_transfer_coding',
          );
        }
        this.chunked = true;
      }
    }
    return connection;
  }

  #applyConnection(): void {
    const options = readConnectionFields(this, Field.connection);
    if (options.malformed) throw badResponse('The Connection field of the server is malformed or absurdly long.');
    this.close = options.close || (this.minor === 0 && !options.keepAlive);
    if (!options.upgrade) this.upgradeIndex = -1;
  }

  /** RFC 9112 section 6.3. Without any length the end of the connection is the end of the body. */
  #framing(method: string): ResponseFraming {
    const { status } = this;
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none';
    if (this.chunked) return 'chunked';
    if (this.contentLength >= 0) return this.contentLength === 0 ? 'none' : 'length';
    this.close = true;
    return 'close';
  }
}

function versionOf(buffer: Buffer, start: number): number | undefined {
  return isHttp11(wordsOf(buffer), start) ? 1 : minorVersion(buffer, start);
}
