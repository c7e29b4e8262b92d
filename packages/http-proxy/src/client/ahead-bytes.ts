import type { Connection, Holder, WaitingBytes } from '@inband/core';

/** Bytes that are read before their turn, so that a client's end behind them is noticed. */
const MOST_AHEAD = 4096;

/** What a client sent before its turn: pipelined requests, or a body whose server is not known yet. Made when there is some. */
export class AheadBytes {
  bytes: Buffer;
  readonly #waiting: WaitingBytes;
  readonly #holder: Holder;

  /** Copies `bytes`. `holder` is told if they are too many for all connections together. */
  constructor(bytes: Buffer, waiting: WaitingBytes, holder: Holder) {
    this.bytes = Buffer.from(bytes);
    this.#waiting = waiting;
    this.#holder = holder;
  }

  /** More has come. */
  append(bytes: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
  }

  /** Counts what is held, and pauses the client once that is enough. The holder may have to give up before this returns. */
  hold(connection: Connection): void {
    if (this.bytes.length > MOST_AHEAD) connection.pause();
    this.#waiting.holdAhead(this.#holder, this.bytes.length);
  }

  /** Ends the holding. The caller owns the bytes. */
  drop(): Buffer {
    this.#waiting.dropAhead(this.#holder);
    return this.bytes;
  }
}
