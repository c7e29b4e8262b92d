import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** A client that sends exactly what the test says, and half-closes. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves when the connection is gone: whether by a reset, and everything that had come. */
  readonly closed: Promise<{ readonly received: string; readonly error: NodeJS.ErrnoException | undefined }>;
  /** Everything that came, a byte a character. */
  received = '';
  /** The server finished sending. */
  ended = false;
  #check: (() => void) | undefined = undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    let error: NodeJS.ErrnoException | undefined;
    socket.on('error', (cause) => (error = cause));
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1');
      this.#check?.();
    });
    socket.on('end', () => {
      this.ended = true;
      this.#check?.();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.ended = true;
        this.#check?.();
        resolve({ received: this.received, error });
      });
    });
  }

  static async connect(where: number | NetConnectOpts): Promise<RawClient> {
    const options: NetConnectOpts = typeof where === 'number' ? { port: where, host: '127.0.0.1' } : where;
    const socket = connect({ ...options, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Sends the lines with CRLF, and the empty line behind them. */
  sendHead(...lines: string[]): void {
    this.send(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** Waits for `what` and gives everything up to it, which is gone from `received` then. */
  async until(what: string): Promise<string> {
    await this.#wait(() => this.received.includes(what), JSON.stringify(what));
    return this.take(this.received.indexOf(what) + what.length);
  }

  /** Waits for so many bytes, and takes them. */
  async bytes(count: number): Promise<string> {
    await this.#wait(() => this.received.length >= count, `${count} bytes`);
    return this.take(count);
  }

  /** Waits for the server's end of the connection; gives what came before it. */
  async toEnd(): Promise<string> {
    while (!this.ended) await this.#next();
    return this.take(this.received.length);
  }

  take(count: number): string {
    const taken = this.received.slice(0, count);
    this.received = this.received.slice(count);
    return taken;
  }

  async #wait(done: () => boolean, what: string): Promise<void> {
    while (!done()) {
      if (this.ended)
        throw new Error(`The connection ended before ${what}; received: ${JSON.stringify(this.received)}`);
      await this.#next();
    }
  }

  #next(): Promise<void> {
    return new Promise((resolve) => (this.#check = resolve));
  }
}
