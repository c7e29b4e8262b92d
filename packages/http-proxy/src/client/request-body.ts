import type { Connection } from '@inband/core';
import { BodyReader } from '../message/body/body-reader.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { checkChunks } from '../message/body/chunk-check.ts';
import { KeptBody } from '../message/body/kept-body.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { HttpContext } from '../service/context.ts';

const NOTHING = Buffer.alloc(0);

/**
 * The body of the request that is being served, as it comes from the client: what came with the head, and then what the connection brings. It
 * waits until it is given a sink. One object has all bodies of a connection, because they follow one another. What is wrong with a body is
 * thrown: see {@link BodyReader.read}.
 */
export class RequestBody {
  readonly #context: HttpContext;
  readonly #connection: Connection;
  readonly #reader: BodyReader;
  /** There is none, as of most requests, so that nothing but this is looked at. */
  #isNone = true;
  /** It comes in chunks, in whatever form it goes on. */
  #isChunked = false;
  #sink: BodySink | undefined = undefined;
  /** `give` was called before. */
  #given = false;
  #kept: KeptBody | undefined = undefined;
  /** What came in the same call as the request head, behind it. */
  #early: Buffer = NOTHING;
  #at = 0;
  #end = 0;

  constructor(context: HttpContext, connection: Connection) {
    this.#context = context;
    this.#connection = connection;
    this.#reader = new BodyReader(context.requestBodies.none, 0);
  }

  /** The body of another request. `bytes[at..end)` came behind its head, and are valid until `stopEarly`. */
  begin(head: RequestHead, bytes: Buffer, at: number, end: number): void {
    const { chunked, length } = this.#context.requestBodies;
    this.#isNone = !head.hasBody;
    if (!this.#isNone) this.#reader.start(head.chunked ? chunked : length, head.contentLength);
    this.#isChunked = head.chunked;
    this.#sink = undefined;
    this.#given = false;
    this.#kept = undefined;
    this.#early = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** The call in which the head came is over, because the transport owns the memory. Returns the position after what was taken. */
  stopEarly(): number {
    const at = this.#at;
    this.#early = NOTHING;
    this.#at = this.#end = 0;
    return at;
  }

  /** What came behind the head and was not taken, in memory of the caller. Undefined where there is nothing. */
  takeEarly(): Buffer | undefined {
    const at = this.#at;
    this.#at = this.#end;
    return at < this.#end ? Buffer.from(this.#early.subarray(at, this.#end)) : undefined;
  }

  get complete(): boolean {
    return this.#isNone || this.#reader.complete;
  }

  /** Bytes of content so far. */
  get content(): number {
    return this.#isNone ? 0 : this.#reader.content;
  }

  /** Whether what the client sends now belongs to it, and has somewhere to go. */
  get isWanted(): boolean {
    return !this.complete && this.#sink !== undefined;
  }

  /** Whether the client must wait because the sink does not keep up. */
  get mustWait(): boolean {
    return !this.complete && this.#sink?.full === true;
  }

  /** Whether it can be given again. */
  get isKept(): boolean {
    return this.#kept?.overflown === false;
  }

  /** Checks what has come, if nothing of it was given yet. `ahead`: what waits for its turn, where that is not what came with the head. */
  check(ahead: Buffer | undefined): void {
    if (this.#given || !this.#isChunked) return;
    const { chunked } = this.#context.requestBodies;
    if (ahead === undefined) checkChunks(this.#early, this.#at, this.#end, chunked);
    else checkChunks(ahead, 0, ahead.length, chunked);
  }

  // ---- to the sink

  /** Gives what has come with the head, the second time what was kept. Returns how many bytes. `keep`: for a second time. */
  give(sink: BodySink, keep: boolean): number {
    this.#sink = sink;
    const moved = this.#given ? this.#giveAgain(sink) : this.#giveFirst(sink, keep);
    if (!this.complete && sink.full) this.#connection.pause();
    return moved;
  }

  #giveFirst(sink: BodySink, keep: boolean): number {
    const at = this.#at;
    this.#given = true;
    this.#at = this.#read(this.#early, at, this.#end, sink);
    if (keep) {
      this.#kept = new KeptBody();
      this.#kept.append(this.#early, at, this.#at);
    }
    return this.#at - at;
  }

  #giveAgain(sink: BodySink): number {
    const bytes = this.#kept?.bytes ?? NOTHING;
    if (!this.#isNone) this.#reader.restart();
    return this.#read(bytes, 0, bytes.length, sink);
  }

  #read(bytes: Buffer, at: number, end: number, sink: BodySink): number {
    if (!this.#isNone) return this.#reader.read(bytes, at, end, sink);
    sink.end(undefined);
    return at;
  }

  /** Gives what has come now. Returns the position after what belongs to the body. */
  take(bytes: Buffer, at: number, end: number): number {
    if (this.#sink === undefined) return at;
    const stop = this.#reader.read(bytes, at, end, this.#sink);
    this.#kept?.append(bytes, at, stop);
    return stop;
  }

  /** So many bytes went straight to the server. Returns whether somebody wanted them. */
  forwarded(bytes: number): boolean {
    if (this.#sink === undefined) return false;
    this.#reader.forwarded(bytes, this.#sink);
    return true;
  }

  /** The sink is gone. What comes waits for another one. */
  hold(): void {
    this.#sink = undefined;
  }

  // ---- at its pace

  /** Has the rest come as the sink takes it: not now, or by splice where that is possible. */
  keepPace(): void {
    const sink = this.#sink;
    if (sink === undefined || this.complete) return;
    if (sink.full) this.#connection.pause();
    else this.#reader.forward(this.#connection, sink);
  }

  /** The same while it is spliced, which goes on by itself unless no more than so many bytes may come. */
  keepForwarding(): void {
    if (this.#sink?.full === true || this.#sink?.mostDirect !== undefined) this.keepPace();
  }

  /** The sink keeps up again. */
  resume(): void {
    // Where no more than so many bytes may come, the transport is asked for just that.
    if (this.#sink?.mostDirect !== undefined) this.keepPace();
    this.#connection.resume();
  }
}
