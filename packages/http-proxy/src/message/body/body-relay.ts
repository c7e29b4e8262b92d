import type { Connection } from '@inband/core';
import { ChunkedDecoder, ChunkFault } from './chunked-decoder.ts';
import type { HeadLimits } from '../head/head-parser.ts';
import { FAULT, HeadReader, MORE } from '../head/head-reader.ts';
import { MendingReader } from '../head/mending-reader.ts';
import { CR, LF } from '../bytes.ts';
import { GATHER, HEAD_AT, sendBuffer } from '../send-buffer.ts';
import { TrailerSection } from './trailer.ts';

/** How a body is delimited where it comes from: RFC 9112 section 6.3. */
export type SourceFraming = 'none' | 'length' | 'chunked' | 'close';
/** How it is delimited where it goes: byte by byte as it is, in chunks, or not at all. */
export type SinkFraming = 'none' | 'raw' | 'chunked';

export interface BodyOptions {
  readonly source: SourceFraming;
  /** Chunks only where the source has no length of its own. */
  readonly sink: SinkFraming;
  /** Bytes of content that are allowed; one more is a {@link BodyTooBig}. */
  readonly maxBody: number;
  /** Chunks and trailers that cannot be misread are mended: those of servers, unless `http.strict` is set. */
  readonly tolerant: boolean;
  readonly trailerLimits: HeadLimits;
}

/** From so many bytes on, another way than through our memory is worth its start. */
const BULKY = 128 * 1024;

export class BodyTooBig extends Error {}

/** Room for a chunk's size line: eight digits and CRLF. */
const SIZE_LINE = 10;
/** A piece of body up to this goes out in one write with the head before it. */
const WITH_HEAD = 16_384;
/** The same where the transport puts writes together. */
const SMALL = 1024;

/**
 * Carries one body from one side to the other: reads it by the framing of its source, writes it in the framing of
 * its sink, never holds more of it than one read. A head that was put into the send buffer just before (at
 * `HEAD_AT`) goes out in the same write as the first bytes of the body.
 */
export class BodyRelay {
  /** The whole body was read and written. */
  complete = false;
  /** Bytes of content carried. */
  content = 0;
  /** Something of the message has been written: from then on nothing else can be said in its place. */
  begun = false;
  /** Whether the sink asked to wait (`drained` will follow). */
  full = false;

  readonly #options: BodyOptions;
  /** Bytes still to come, where the source is framed by length. */
  #left: number;
  #decoder: ChunkedDecoder | undefined = undefined;
  #trailer: HeadReader<TrailerSection> | undefined = undefined;
  /** Where the bytes gathered in the send buffer begin and end. */
  #from = HEAD_AT;
  #to = HEAD_AT;

  /** `length` counts where the source is framed by it, in bytes. */
  constructor(options: BodyOptions, length = 0) {
    this.#options = options;
    this.#left = length;
    if (options.source === 'chunked') this.#decoder = new ChunkedDecoder(options.tolerant);
  }

  /**
   * Takes bytes of the body from `bytes[start..end)` and writes them to `sink`, after the head that ends at
   * `headEnd` in the send buffer, if there is one. Returns the position after the bytes that belong to the body.
   * Throws a ChunkFault or BodyTooBig; nothing of the message is completed then.
   */
  feed(bytes: Buffer, start: number, end: number, sink: Connection, headEnd = HEAD_AT): number {
    switch (this.#options.source) {
      case 'none':
        if (headEnd > HEAD_AT) this.#write(sink, sendBuffer(0), HEAD_AT, headEnd);
        this.complete = true;
        return start;
      case 'length': {
        const stop = Math.min(end, start + this.#left);
        this.#left -= stop - start;
        this.#pass(bytes, start, stop, sink, headEnd);
        this.complete = this.#left === 0;
        return stop;
      }
      case 'close':
        this.#pass(bytes, start, end, sink, headEnd);
        return end;
      case 'chunked':
        return this.#transcode(bytes, start, end, sink, headEnd);
    }
  }

  /**
   * Bytes of content still to come that could go straight from the source to the sink, because neither side's framing
   * needs an edit; 0 when there are not enough of them to be worth it, or the sink is full. The last one is not among
   * them: it comes together with what is behind it, if there is anything, so that a source that sends more than it
   * announced is caught before its connection serves another exchange.
   */
  get bulk(): number {
    const { source, sink } = this.#options;
    return source === 'length' && sink === 'raw' && this.#left >= BULKY && !this.full ? this.#left - 1 : 0;
  }

  /** What was mended in chunks and trailer section, flags of `Repair`. */
  get repairs(): number {
    return this.#decoder === undefined ? 0 : this.#decoder.repairs | (this.#trailer?.head.repairs ?? 0);
  }

  /** So many bytes have gone straight from the source to the sink. */
  forwarded(bytes: number): void {
    this.#left -= bytes;
    this.#count(bytes);
    this.complete = this.#left === 0;
  }

  /** The source ended. Returns whether that completes the body: only where the end of the connection delimits it. */
  finish(sink: Connection): boolean {
    if (this.complete) return true;
    if (this.#options.source !== 'close') return false;
    this.complete = true;
    if (this.#options.sink === 'chunked') {
      const out = sendBuffer(0);
      this.#write(sink, out, 0, out.write('0\r\n\r\n', 0, 'latin1'));
    }
    return true;
  }

  #count(bytes: number): void {
    this.content += bytes;
    if (this.content > this.#options.maxBody) throw new BodyTooBig('The body is too big.');
  }

  /** Content without framing of its own. */
  #pass(bytes: Buffer, start: number, end: number, sink: Connection, headEnd: number): void {
    const size = end - start;
    this.#count(size);
    if (this.#options.sink === 'chunked') {
      this.#openGathering(headEnd);
      this.#gather(bytes, start, end, sink);
      return this.#flush(sink);
    }
    if (headEnd === HEAD_AT) {
      if (size > 0) this.#write(sink, bytes, start, end);
      return;
    }
    const out = sendBuffer(headEnd);
    if (size > (sink.joinsWrites === true ? SMALL : WITH_HEAD)) {
      this.#write(sink, out, HEAD_AT, headEnd);
      this.#write(sink, bytes, start, end);
      return;
    }
    bytes.copy(out, headEnd, start, end);
    this.#write(sink, out, HEAD_AT, headEnd + size);
  }

  #transcode(bytes: Buffer, start: number, end: number, sink: Connection, headEnd: number): number {
    const decoder = this.#decoder!;
    this.#openGathering(headEnd);
    let at = start;
    while (at < end && !this.complete) {
      if (decoder.last) {
        at = this.#readTrailer(bytes, at, end, sink);
        continue;
      }
      at = decoder.advance(bytes, at, end);
      const size = Math.min(decoder.left, end - at);
      if (size === 0) continue;
      this.#count(size);
      this.#gather(bytes, at, at + size, sink);
      decoder.take(size);
      at += size;
    }
    if (!this.complete) this.#flush(sink);
    return at;
  }

  #readTrailer(bytes: Buffer, start: number, end: number, sink: Connection): number {
    if (this.#trailer === undefined) {
      const { tolerant, trailerLimits } = this.#options;
      const section = new TrailerSection();
      this.#trailer = tolerant ? new MendingReader(section, 'trailer') : new HeadReader(section);
      this.#trailer.begin(trailerLimits);
    }
    const at = this.#trailer.read(bytes, start, end);
    const { head } = this.#trailer;
    if (at === FAULT) throw new ChunkFault(`The trailer section is malformed (${head.fault}).`);
    if (at === MORE) return end;
    this.complete = true;
    this.#flush(sink, head);
    return at;
  }

  /** From here on the send buffer holds the head (if any), room for a size line, and content. */
  #openGathering(headEnd: number): void {
    this.#from = headEnd;
    this.#to = headEnd + SIZE_LINE;
  }

  #gather(bytes: Buffer, start: number, end: number, sink: Connection): void {
    const out = sendBuffer(this.#from);
    let at = start;
    while (at < end) {
      const room = this.#from + SIZE_LINE + GATHER - this.#to;
      const size = Math.min(room, end - at);
      bytes.copy(out, this.#to, at, at + size);
      this.#to += size;
      at += size;
      if (size === room) this.#flush(sink);
    }
  }

  /** Writes what was gathered as one chunk (or raw), and at the end the last chunk with its trailer section. */
  #flush(sink: Connection, trailer?: TrailerSection): void {
    // A field line grows by a byte where it is made canonical.
    const ending = trailer === undefined ? 0 : trailer.length + trailer.fieldCount;
    const out = sendBuffer(this.#from + ending);
    const dataAt = this.#from + SIZE_LINE;
    const size = this.#to - dataAt;
    let from = dataAt;
    let to = this.#to;
    if (this.#options.sink === 'chunked') {
      if (size > 0) {
        from = writeSizeLine(out, dataAt, size);
        out[to++] = CR;
        out[to++] = LF;
      }
      if (this.complete) to = writeEnding(out, to, trailer);
    }
    if (this.#from > HEAD_AT) {
      const headSize = this.#from - HEAD_AT;
      out.copyWithin(from - headSize, HEAD_AT, this.#from);
      from -= headSize;
    }
    if (to > from) this.#write(sink, out, from, to);
    this.#openGathering(HEAD_AT);
  }

  #write(sink: Connection, bytes: Buffer, start: number, end: number): void {
    this.begun = true;
    if (!sink.write(bytes, start, end)) this.full = true;
  }
}

/** Writes the size line so that it ends at `dataAt`; returns where it begins. */
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
