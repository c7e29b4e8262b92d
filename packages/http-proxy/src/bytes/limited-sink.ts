import type { Connection, Flow, FlowOwner } from '@inband/core';
import type { BodySink } from '../message/body/body-sink.ts';
import type { TrailerSection } from '../message/body/trailer.ts';

/** What is read for a sink. */
export interface BodySource {
  /** A limit keeps it from being read. */
  pause(): void;
  /** It may be read on. */
  goOn(): void;
}

/**
 * A sink whose content is counted and limited. While its flow is held it is `full`, so that the sender's connection is not read. It throws the
 * ProxyError of a quota that is used up, before anything beyond it is sent.
 */
export class LimitedSink implements BodySink, FlowOwner {
  /** Bytes of content so far. */
  passed = 0;
  /** The body is complete. */
  ended = false;
  readonly #sink: BodySink;
  readonly #source: BodySource;
  readonly #flow: Flow | undefined;

  /** Without `flowOf` it only counts. */
  constructor(sink: BodySink, source: BodySource, flowOf: ((owner: FlowOwner) => Flow) | undefined) {
    this.#sink = sink;
    this.#source = source;
    this.#flow = flowOf?.(this);
  }

  get isHeld(): boolean {
    return this.#flow?.isHeld === true;
  }

  get full(): boolean {
    return this.#sink.full || this.isHeld;
  }

  get direct(): Connection | undefined {
    return this.isHeld ? undefined : this.#sink.direct;
  }

  get mostDirect(): number | undefined {
    return this.#flow?.most;
  }

  pass(bytes: Buffer, start: number, end: number): void {
    this.#moved(end - start);
    this.#sink.pass(bytes, start, end);
  }

  gather(bytes: Buffer, start: number, end: number): void {
    this.#moved(end - start);
    this.#sink.gather(bytes, start, end);
  }

  splicedTo(bytes: number): void {
    this.#moved(bytes);
  }

  flush(): void {
    this.#sink.flush();
  }

  end(trailer: TrailerSection | undefined): void {
    this.ended = true;
    this.close();
    this.#sink.end(trailer);
  }

  flowHeld(): void {
    this.#source.pause();
  }

  flowReleased(): void {
    if (!this.#sink.full) this.#source.goOn();
  }

  /** Nothing more is given to it. */
  close(): void {
    this.#flow?.close();
  }

  #moved(bytes: number): void {
    this.passed += bytes;
    if (bytes === 0 || this.#flow === undefined) return;
    this.#flow.moved(bytes);
    if (this.#flow.exceeded !== undefined) throw this.#flow.exceeded;
  }
}
