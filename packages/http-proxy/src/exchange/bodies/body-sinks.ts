import type { BodySink } from '../../message/body/body-sink.ts';

/** Keeps a whole body. */
export class CollectingSink implements BodySink {
  readonly full = false;
  readonly direct = undefined;
  /** Rejects with `tooBig()` if it is longer than `most`; what still comes is dropped then. */
  readonly whole: Promise<Buffer>;
  readonly #most: number;
  readonly #tooBig: () => Error;
  readonly #settle: PromiseWithResolvers<Buffer>;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(most: number, tooBig: () => Error) {
    this.#most = most;
    this.#tooBig = tooBig;
    this.#settle = Promise.withResolvers<Buffer>();
    this.whole = this.#settle.promise;
    // Nobody may wait for it any more.
    this.whole.catch(() => undefined);
  }

  pass(bytes: Buffer, start: number, end: number): void {
    if (this.#size > this.#most) return;
    this.#size += end - start;
    if (this.#size <= this.#most) return void this.#chunks.push(Buffer.from(bytes.subarray(start, end)));
    this.#chunks = [];
    this.#settle.reject(this.#tooBig());
  }

  gather(bytes: Buffer, start: number, end: number): void {
    this.pass(bytes, start, end);
  }

  flush(): void {}

  end(): void {
    this.#settle.resolve(Buffer.concat(this.#chunks));
  }
}

/** Drops a body. */
export const discardingSink: BodySink = {
  full: false,
  direct: undefined,
  pass() {},
  gather() {},
  flush() {},
  end() {},
};
