import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/**
 * Corrects how a TLS socket of Node ends that speaks over another stream.
 *
 * - It tells the end of the stream as if it were its own. Without close_notify before, it fails here, with `truncation`.
 * - That of a server which no listener of Node has accepted keeps its errors to itself.
 * - It is destroyed as soon as the stream has closed, even if it was not read to its end. Here it is read first.
 */
export class SocketEnd {
  /** Why the stream was closed, if not in order. */
  error: Error | undefined = undefined;

  readonly #socket: TLSSocket;
  #isCarrierEnded: boolean;
  /** By close_notify, or because it was truncated. */
  #isEnded = false;
  #isReleased = false;

  constructor(duplex: Duplex, socket: TLSSocket, truncation: Error) {
    this.#socket = socket;
    this.#isCarrierEnded = duplex.readableEnded;
    // Before the listener by which the socket learns it. What the stream has delivered is decrypted by then.
    duplex.prependListener('end', () => (this.#isCarrierEnded = true));
    duplex.prependListener('error', (error) => (this.error ??= error));
    socket.on('_tlsError', (error: Error) => void socket.destroy(error));
    this.#watchPush(truncation);
    this.#watchDestroy();
  }

  /** Lets the socket be destroyed at once, because nobody is going to read it. */
  release(): void {
    this.#isReleased = true;
  }

  #watchPush(truncation: Error): void {
    const socket = this.#socket;
    const push = socket.push.bind(socket);
    socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk !== null || this.#isEnded) return push(chunk, encoding);
      this.#isEnded = true;
      if (!this.#isCarrierEnded) return push(chunk, encoding);
      this.#onceRead(() => socket.destroy(truncation));
      return false;
    };
  }

  #watchDestroy(): void {
    const socket = this.#socket;
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error?: Error) => {
      if (error !== undefined || this.#isReleased || this.error !== undefined) return destroy(error);
      this.#isReleased = true;
      if (socket.readableEnded || !this.#isEnded) return destroy();
      socket.once('end', () => destroy());
      return socket;
    };
  }

  #onceRead(then: () => void): void {
    const socket = this.#socket;
    if (socket.readableLength === 0) return then();
    socket.on('data', () => {
      if (socket.readableLength === 0) then();
    });
  }
}
