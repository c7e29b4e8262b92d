import type { BodySink } from '../../message/body/body-sink.ts';

/** The most bytes of a body that is collected, and the error of one with more. */
export interface CollectLimit {
  readonly most: number;
  readonly tooBig: () => Error;
}

/** Keeps a whole body. */
export class CollectingSink implements BodySink {
  readonly full = false;
  readonly direct = undefined;
  /** Rejects with `tooBig()` if it is longer than `most`; what still comes is dropped then. */
  readonly whole: Promise<Buffer>;
  readonly #most: number;
  readonly #tooBig: () => Error;
  /** Gets the number of bytes that are kept from now on. */
  readonly #kept: (bytes: number) => void;
  readonly #settle: PromiseWithResolvers<Buffer>;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor({ most, tooBig }: CollectLimit, kept: (bytes: number) => void) {
    this.#most = most;
    this.#tooBig = tooBig;
    this.#kept = kept;
    this.#settle = Promise.withResolvers<Buffer>();
    this.whole = this.#settle.promise;
    // Nobody may wait for it any more.
    this.whole.catch(() => undefined);
  }

  pass(bytes: Buffer, start: number, end: number): void {
    if (this.#size > this.#most) return;
    this.#size += end - start;
    if (this.#size <= this.#most) {
      this.#chunks.push(Buffer.from(bytes.subarray(start, end)));
      return this.#kept(end - start);
    }
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
