import type { Connection } from '@inband/core';
import { copyBytes, CR, LF } from '../bytes.ts';
import { GATHER, HEAD_AT, sendBuffer } from '../send-buffer.ts';
import type { BodySink } from './body-sink.ts';
import type { TrailerSection } from './trailer.ts';

/** How a body is delimited where it goes. `raw`: its length or the end of the connection says where it ends. */
export type WriterFraming = 'raw' | 'chunked';

/** Room for a chunk's size line, which is eight digits and CRLF. */
const SIZE_LINE = 10;
/** A piece of body up to this goes out in one write with the head before it. */
const WITH_HEAD = 16_384;
/** The same where the transport puts writes together. */
const SMALL = 1024;

/**
 * Writes the body of a message to a connection of HTTP/1. Content that comes in small pieces becomes one chunk. A head that
 * lies in the send buffer (at `HEAD_AT`) goes out in the same write as the first bytes of the body.
 */
export class BodyWriter implements BodySink {
  /** Something of the message has been written, so that no other message can replace it. */
  started = false;
  full = false;
  /** The whole body is written. */
  ended = false;

  readonly #connection: Connection;
  #framing: WriterFraming = 'raw';
  /** Where the head in the send buffer ends, and where what was gathered behind it does. */
  #headEnd = HEAD_AT;
  #to = HEAD_AT + SIZE_LINE;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Forgets the last message. */
  reset(): void {
    this.started = false;
    this.full = false;
    this.ended = false;
    this.#hold(HEAD_AT);
  }

  /** The head of the message lies in the send buffer up to `headEnd`, and leaves with what comes next. */
  start(framing: WriterFraming, headEnd: number): void {
    this.#framing = framing;
    this.#hold(headEnd);
  }

  get direct(): Connection | undefined {
    return this.#framing === 'raw' && !this.full ? this.#connection : undefined;
  }

  pass(bytes: Buffer, start: number, end: number): void {
    if (this.#framing === 'chunked') {
      this.gather(bytes, start, end);
      return this.flush();
    }
    const headEnd = this.#headEnd;
    if (headEnd === HEAD_AT) {
      if (end > start) this.#write(bytes, start, end);
      return;
    }
    this.#hold(HEAD_AT);
    const size = end - start;
    const out = sendBuffer(headEnd);
    if (size > (this.#connection.coalescesWrites === true ? SMALL : WITH_HEAD)) {
      this.#write(out, HEAD_AT, headEnd);
      this.#write(bytes, start, end);
      return;
    }
    copyBytes(out, headEnd, bytes, start, end);
    this.#write(out, HEAD_AT, headEnd + size);
  }

  gather(bytes: Buffer, start: number, end: number): void {
    let out = sendBuffer(this.#headEnd);
    let at = start;
    while (at < end) {
      const room = this.#headEnd + SIZE_LINE + GATHER - this.#to;
      const size = Math.min(room, end - at);
      bytes.copy(out, this.#to, at, at + size);
      this.#to += size;
      at += size;
      if (size < room) continue;
      this.flush();
      out = sendBuffer(this.#headEnd);
    }
  }

  flush(): void {
    this.#flush(undefined);
  }

  end(trailer: TrailerSection | undefined): void {
    this.ended = true;
    this.#flush(trailer);
  }

  /** From here on the send buffer holds the head (if any), room for a size line, and content. */
  #hold(headEnd: number): void {
    this.#headEnd = headEnd;
    this.#to = headEnd + SIZE_LINE;
  }

  /** Writes the head, what was gathered as one chunk (or raw), and at the end the last chunk with its trailer section. */
  #flush(trailer: TrailerSection | undefined): void {
    const headEnd = this.#headEnd;
    const dataAt = headEnd + SIZE_LINE;
    const size = this.#to - dataAt;
    const ending = this.ended && this.#framing === 'chunked';
    if (size === 0 && !ending) return this.#flushHead(headEnd);
    // A field line grows by a byte where it is made canonical.
    const out = sendBuffer(headEnd + (trailer === undefined ? 0 : trailer.length + trailer.fieldCount));
    let from = dataAt;
    let to = this.#to;
    if (this.#framing === 'chunked' && size > 0) {
      from = writeSizeLine(out, dataAt, size);
      out[to++] = CR;
      out[to++] = LF;
    }
    if (ending) to = writeEnding(out, to, trailer);
    if (headEnd > HEAD_AT) {
      const headSize = headEnd - HEAD_AT;
      out.copyWithin(from - headSize, HEAD_AT, headEnd);
      from -= headSize;
    }
    this.#hold(HEAD_AT);
    this.#write(out, from, to);
  }

  #flushHead(headEnd: number): void {
    if (headEnd === HEAD_AT) return;
    this.#hold(HEAD_AT);
    this.#write(sendBuffer(0), HEAD_AT, headEnd);
  }

  #write(bytes: Buffer, start: number, end: number): void {
    this.started = true;
    if (!this.#connection.write(bytes, start, end)) this.full = true;
  }
}

/** Writes the size line so that it ends at `dataAt`. Returns where it begins. */
function writeSizeLine(out: Buffer, dataAt: number, size: number): number {
  const text = size.toString(16);
  const at = dataAt - 2 - text.length;
  out.write(text, at, text.length, 'latin1');
  out[dataAt - 2] = CR;
  out[dataAt - 1] = LF;
  return at;
}

function writeEnding(out: Buffer, at: number, trailer: TrailerSection | undefined): number {
  let to = at;
  out[to++] = 0x30;
  out[to++] = CR;
  out[to++] = LF;
  if (trailer !== undefined) to = trailer.write(out, to);
  out[to++] = CR;
  out[to++] = LF;
  return to;
}
