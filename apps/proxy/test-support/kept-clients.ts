import { connect, type Socket } from 'node:net';

/** A client with one connection, which is kept as long as answers say so. */
export class KeptClient {
  readonly #port: number;
  #socket: Socket | undefined = undefined;
  #received = '';
  #look: () => void = () => undefined;
  #usedAt = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** How many milliseconds ago its connection was used last. */
  get idleFor(): number {
    return performance.now() - this.#usedAt;
  }

  /** Asks for `/`, on the connection of before if there is one. Rejects if there comes no whole answer. */
  async ask(): Promise<string> {
    const socket = (this.#socket ??= this.#open());
    this.#received = '';
    socket.write('GET / HTTP/1.1\r\nHost: web\r\n\r\n');
    while (!isWhole(this.#received)) {
      if (socket.destroyed || socket.readableEnded) throw new Error(`closed: ${JSON.stringify(this.#received)}`);
      await new Promise<void>((resolve) => (this.#look = resolve));
    }
    this.#usedAt = performance.now();
    if (/^connection: close\r$/im.test(this.#received)) this.close();
    return this.#received;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect(this.#port, '127.0.0.1');
    const look = (): void => this.#look();
    socket.on('data', (bytes: Buffer) => {
      this.#received += bytes.toString('latin1');
      look();
    });
    const gone = (): void => {
      // The next request is for another connection.
      if (this.#socket === socket) this.#socket = undefined;
      look();
    };
    return socket.on('end', gone).on('close', gone).on('error', gone);
  }
}

/** Of an answer with a length. */
function isWhole(received: string): boolean {
  const head = received.indexOf('\r\n\r\n');
  const [, length] = /^content-length: (\d+)\r$/im.exec(received) ?? [];
  return head >= 0 && received.length - head - 4 >= Number(length);
}
