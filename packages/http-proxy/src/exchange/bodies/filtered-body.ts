import type { BodySink } from '../../message/body/body-sink.ts';
import { type BodyChange, through } from './body-changes.ts';

/** Who has a body changed on its way. */
export interface BodyFlow {
  /** The sender may go on. */
  wanted(): void;
  /** Part of the new body was written. */
  moved(): void;
  /** The new body is written. */
  finished(): void;
  failed(error: unknown): void;
}

/** Bytes that wait for the change, from which on the sender is to pause. */
const MOST_WAITING = 65_536;

/**
 * Takes a body, has it changed, and writes what comes of it to `target`: no faster than the change reads, and no faster than `target` takes
 * it. What the change does not read is dropped once it has ended.
 */
export class FilteredBody implements BodySink {
  readonly direct = undefined;
  full = false;
  readonly #target: BodySink;
  readonly #flow: BodyFlow;
  readonly #abort = new AbortController();
  #waiting: Buffer[] = [];
  #size = 0;
  #inputEnded = false;
  /** Nothing more is read. */
  #isRead = false;
  #isOver = false;
  #wakeReader: (() => void) | undefined = undefined;
  #wakeWriter: (() => void) | undefined = undefined;

  /** `target` has a head to be sent first. */
  constructor(changes: readonly BodyChange[], target: BodySink, flow: BodyFlow) {
    this.#target = target;
    this.#flow = flow;
    target.flush();
    void this.#run(through(changes, this.#read(), this.#abort.signal));
  }

  /** Whether all of the new body is written. */
  get isOver(): boolean {
    return this.#isOver;
  }

  pass(bytes: Buffer, start: number, end: number): void {
    if (end === start || this.#isRead || this.#isOver) return;
    this.#waiting.push(Buffer.from(bytes.subarray(start, end)));
    this.#size += end - start;
    this.full = this.#size >= MOST_WAITING;
    this.#wakeReader?.();
  }

  gather(bytes: Buffer, start: number, end: number): void {
    this.pass(bytes, start, end);
  }

  flush(): void {}

  end(): void {
    this.#inputEnded = true;
    this.#wakeReader?.();
  }

  /** The target keeps up again. */
  drained(): void {
    this.#wakeWriter?.();
  }

  /** Nobody wants the body any more. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting = [];
    this.#abort.abort();
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  async *#read(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        this.#abort.signal.throwIfAborted();
        const chunk = this.#waiting.shift();
        if (chunk !== undefined) {
          this.#took(chunk.length);
          yield chunk;
        } else if (this.#inputEnded) return;
        else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      }
    } finally {
      this.#isRead = true;
      this.#waiting = [];
      this.#took(this.#size);
    }
  }

  #took(bytes: number): void {
    this.#size -= bytes;
    if (!this.full || this.#size > 0) return;
    this.full = false;
    if (!this.#isOver) this.#flow.wanted();
  }

  async #run(output: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of output) {
        if (this.#isOver) return;
        if (chunk.length > 0) await this.#write(chunk);
      }
      if (this.#isOver) return;
      this.#isOver = true;
      this.#target.end(undefined);
      this.#flow.finished();
    } catch (error) {
      if (this.#isOver) return;
      this.close();
      this.#flow.failed(error);
    }
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#target.pass(chunk, 0, chunk.length);
    this.#flow.moved();
    while (this.#target.full && !this.#isOver) await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
  }
}
