import type { Connection, ConnectionHandler } from '@inband/core';

/** The far end of one of the proxy's connections: keeps what it received and says when something changed. */
export class Peer implements ConnectionHandler {
  readonly connection: Connection;
  /** The other side finished sending. */
  hasEnded = false;
  isClosed = false;
  error: Error | undefined = undefined;
  readonly #pieces: Buffer[] = [];
  readonly #changed: () => void;

  constructor(connection: Connection, changed: () => void) {
    this.connection = connection;
    this.#changed = changed;
    connection.handler = this;
    connection.resume();
  }

  /** Everything received so far. */
  get bytes(): Buffer {
    if (this.#pieces.length > 1) this.#pieces.splice(0, this.#pieces.length, Buffer.concat(this.#pieces));
    return this.#pieces[0] ?? Buffer.alloc(0);
  }

  data(bytes: Buffer, start: number, end: number): void {
    const piece = Buffer.from(bytes.subarray(start, end));
    this.#pieces.push(piece);
    this.received(piece);
    this.#changed();
  }

  drained(): void {}

  ended(): void {
    this.hasEnded = true;
    this.finished();
    this.#changed();
  }

  closed(error?: Error): void {
    this.isClosed = true;
    this.error = error;
    this.#changed();
  }

  /** For subclasses: bytes came. */
  protected received(_bytes: Buffer): void {}

  /** For subclasses: no more bytes will come. */
  protected finished(): void {}
}

/** Something that can be waited for by looking again whenever anything happened. */
export class Changes {
  #waiting: (() => void)[] = [];

  /** Something happened. */
  readonly happened = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  };

  /** Waits until `condition` holds; resolves to false when it still does not after `limit` milliseconds. */
  until(condition: () => boolean, limit: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(condition()), limit);
      const finish = (held: boolean): void => {
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((other) => other !== look);
        resolve(held);
      };
      const look = (): void => {
        if (condition()) finish(true);
        else this.#waiting.push(look);
      };
      this.#waiting.push(look);
    });
  }
}
