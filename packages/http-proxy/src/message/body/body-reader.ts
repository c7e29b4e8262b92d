import type { Connection } from '@inband/core';
import type { HeadLimits } from '../parser/head-parser.ts';
import { FAULT, HeadReader, MORE } from '../parser/head-reader.ts';
import { MendingReader } from '../parser/mending-reader.ts';
import type { BodySink } from './body-sink.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { TrailerFault, TrailerSection } from './trailer.ts';

/** How a body is delimited where it comes from (RFC 9112 section 6.3). */
export type ReaderFraming = 'none' | 'length' | 'chunked' | 'close';

/** What is the same for all bodies of one framing. */
export interface BodyRules {
  readonly framing: ReaderFraming;
  /** Bytes of content that are allowed. One more is a {@link BodyTooBig}. */
  readonly maxBody: number;
  /** Whether chunks and trailers that cannot be misread are mended. True for servers, unless `http.strict` is set. */
  readonly tolerant: boolean;
  readonly trailerLimits: HeadLimits;
}

/** From so many bytes on, another way than through our memory is worth its start. */
const BULKY = 128 * 1024;

export class BodyTooBig extends Error {}

/**
 * Reads one body after the other from the bytes of a connection of HTTP/1, by the framing of each, and gives the content to a
 * sink. Never holds more of it than one call brings.
 */
export class BodyReader {
  /** The whole body was read and given away. */
  complete = false;
  /** Bytes of content so far. */
  content = 0;

  #rules: BodyRules;
  #length: number;
  /** Bytes still to come, where the body is framed by length. */
  #left: number;
  #decoder: ChunkedDecoder | undefined = undefined;
  #trailer: HeadReader<TrailerSection> | undefined = undefined;

  /** `length` counts where the body is framed by it, in bytes. A body that there is none of is complete. */
  constructor(rules: BodyRules, length: number) {
    this.#rules = rules;
    this.#length = length;
    this.#left = length;
    this.complete = rules.framing === 'none';
    if (rules.framing === 'chunked') this.#decoder = new ChunkedDecoder(rules.tolerant);
  }

  /** The next body begins. */
  start(rules: BodyRules, length: number): void {
    this.complete = rules.framing === 'none';
    this.content = 0;
    this.#rules = rules;
    this.#length = length;
    this.#left = length;
    this.#decoder = rules.framing === 'chunked' ? new ChunkedDecoder(rules.tolerant) : undefined;
    this.#trailer = undefined;
  }

  /** The same body begins anew. */
  restart(): void {
    this.start(this.#rules, this.#length);
  }

  /**
   * Takes what of `bytes[start..end)` belongs to the body and gives its content to `sink`. Returns the position behind it. Throws a
   * ChunkFault or BodyTooBig, and then `end` of the sink was not called.
   */
  read(bytes: Buffer, start: number, end: number, sink: BodySink): number {
    switch (this.#rules.framing) {
      case 'none':
        sink.end(undefined);
        return start;
      case 'length': {
        const stop = Math.min(end, start + this.#left);
        this.#count(stop - start);
        this.#left -= stop - start;
        sink.pass(bytes, start, stop);
        if (this.#left === 0) this.#end(sink, undefined);
        return stop;
      }
      case 'close':
        this.#count(end - start);
        sink.pass(bytes, start, end);
        return end;
      case 'chunked':
        return this.#readChunks(this.#decoder ?? new ChunkedDecoder(this.#rules.tolerant), bytes, start, end, sink);
    }
  }

  /** What was mended in chunks and trailer section, flags of `Repair`. */
  get repairs(): number {
    return this.#decoder === undefined ? 0 : this.#decoder.repairs | (this.#trailer?.head.repairs ?? 0);
  }

  /**
   * Has the transport splice what is still to come from one connection to the other, if there is enough of it and neither framing
   * needs an edit. {@link forwarded} is called with the count. The last byte is not spliced, because it comes together with what is
   * behind it. So a peer that sends more than it announced is detected before its connection serves another exchange.
   */
  forward(from: Connection, sink: BodySink): void {
    if (this.#left < BULKY || this.#rules.framing !== 'length') return;
    const { direct } = sink;
    if (direct !== undefined) from.forward?.(direct, Math.min(this.#left - 1, sink.mostDirect ?? Infinity));
  }

  /** `bytes` bytes of the body were spliced to the connection of the sink. */
  forwarded(bytes: number, sink: BodySink): void {
    this.#left -= bytes;
    this.#count(bytes);
    sink.splicedTo?.(bytes);
    if (this.#left === 0) this.#end(sink, undefined);
  }

  /** The connection ended. Returns whether that completes the body, which it does if the end of the connection delimits it. */
  finish(sink: BodySink): boolean {
    if (this.complete) return true;
    if (this.#rules.framing !== 'close') return false;
    this.#end(sink, undefined);
    return true;
  }

  #end(sink: BodySink, trailer: TrailerSection | undefined): void {
    this.complete = true;
    sink.end(trailer);
  }

  #count(bytes: number): void {
    this.content += bytes;
    if (this.content > this.#rules.maxBody) throw new BodyTooBig('The body is too big.');
  }

  #readChunks(decoder: ChunkedDecoder, bytes: Buffer, start: number, end: number, sink: BodySink): number {
    let at = start;
    while (at < end) {
      if (decoder.last) {
        at = this.#readTrailer(bytes, at, end, sink);
        if (this.complete) return at;
        continue;
      }
      at = decoder.advance(bytes, at, end);
      const size = Math.min(decoder.left, end - at);
      if (size === 0) continue;
      this.#count(size);
      sink.gather(bytes, at, at + size);
      decoder.take(size);
      at += size;
    }
    sink.flush();
    return at;
  }

  #readTrailer(bytes: Buffer, start: number, end: number, sink: BodySink): number {
    const reader = (this.#trailer ??= this.#startTrailer());
    const at = reader.read(bytes, start, end);
    if (at === FAULT) throw new TrailerFault(reader.head.fault);
    if (at === MORE) return end;
    this.#end(sink, reader.head);
    return at;
  }

  #startTrailer(): HeadReader<TrailerSection> {
    const { tolerant, trailerLimits } = this.#rules;
    const section = new TrailerSection();
    const reader = tolerant ? new MendingReader(section, 'trailer') : new HeadReader(section);
    reader.begin(trailerLimits);
    return reader;
  }
}
