import { createConnection, type Socket } from 'node:net';
import type { MessageSender, NetworkReceiver, Sent } from './message-sender.ts';

/** Milliseconds for a connection to be established, and for the receiver to take something. Then it is given up. */
const CONNECT_TIMEOUT = 5_000;
const SEND_TIMEOUT = 30_000;

/**
 * Sends messages one behind the other in a TCP connection; how they are told apart is up to the caller. Messages of a `send` that has failed
 * may have arrived, and come twice when they are sent again.
 */
export class TcpMessages implements MessageSender {
  readonly #receiver: NetworkReceiver;
  #socket: Socket | undefined = undefined;
  #isClosed = false;
  #isSending = false;

  constructor(receiver: NetworkReceiver) {
    this.#receiver = receiver;
  }

  async send(messages: readonly Uint8Array[]): Promise<Sent> {
    this.#isSending = true;
    const problem = await this.#sendAll(messages);
    this.#isSending = false;
    if (problem === undefined) return { taken: messages.length, problem };
    this.#disconnect();
    return { taken: 0, problem };
  }

  sendNow(messages: readonly Uint8Array[]): number {
    // A write that has not come to its end stands before it.
    if (this.#socket === undefined || this.#isSending) return 0;
    this.#socket.write(Buffer.concat(messages));
    return messages.length;
  }

  close(): void {
    this.#isClosed = true;
    this.#disconnect();
  }

  #disconnect(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #sendAll(messages: readonly Uint8Array[]): Promise<Error | undefined> {
    try {
      const socket = (this.#socket ??= await this.#connect());
      await write(socket, Buffer.concat(messages));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #connect(): Promise<Socket> {
    const { host, port } = this.#receiver;
    const socket = createConnection({ host, port, keepAlive: true }).unref();
    const connected = Promise.withResolvers<void>();
    socket.once('connect', connected.resolve);
    socket.on('error', connected.reject);
    const timer = setTimeout(() => socket.destroy(timedOut('a connection', CONNECT_TIMEOUT)), CONNECT_TIMEOUT);
    try {
      await connected.promise;
    } finally {
      clearTimeout(timer);
    }
    if (this.#isClosed) socket.destroy();
    // Whatever the receiver says is not for us, and its end is the end.
    socket.resume().once('end', () => socket.destroy());
    socket.once('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    return socket;
  }
}

/** Rejects when the connection ends before the system has taken everything. */
async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  const taken = Promise.withResolvers<void>();
  const onClose = (): void => taken.reject(new Error('the receiver has closed the connection'));
  const timer = setTimeout(
    () => socket.destroy(timedOut('the receiver to take something', SEND_TIMEOUT)),
    SEND_TIMEOUT,
  );
  // The timer is not what keeps the process running either.
  timer.unref();
  socket.once('close', onClose);
  socket.write(bytes, (error) => (error === null || error === undefined ? taken.resolve() : taken.reject(error)));
  try {
    await taken.promise;
  } finally {
    clearTimeout(timer);
    socket.off('close', onClose);
  }
}

function timedOut(what: string, limit: number): Error {
  return new Error(`waited ${limit / 1000} s for ${what}`);
}
