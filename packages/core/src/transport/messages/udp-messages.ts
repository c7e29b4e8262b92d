import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { MessageSender, NetworkReceiver, Sent } from './message-sender.ts';

/** Milliseconds for which the address of a name is used, because nobody tells that datagrams go nowhere. */
const LOOKED_UP = 60_000;

/** Sends UDP datagrams. What is lost on the way is lost without a word. */
export class UdpMessages implements MessageSender {
  readonly #receiver: NetworkReceiver;
  #socket: Socket | undefined = undefined;
  #isClosed = false;
  #connectedAt = 0;

  constructor(receiver: NetworkReceiver) {
    this.#receiver = receiver;
  }

  async send(messages: readonly Uint8Array[]): Promise<Sent> {
    if (performance.now() - this.#connectedAt > LOOKED_UP) this.#disconnect();
    try {
      const socket = (this.#socket ??= await this.#connect());
      const results = await Promise.all(messages.map((message) => sendOne(socket, message)));
      const failed = results.findIndex((result) => result !== undefined);
      if (failed < 0) return { taken: messages.length, problem: undefined };
      return { taken: failed, problem: results[failed] };
    } catch (error) {
      return { taken: 0, problem: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  sendNow(messages: readonly Uint8Array[]): number {
    if (this.#socket === undefined) return 0;
    for (const message of messages) this.#socket.send(message, () => undefined);
    return messages.length;
  }

  close(): void {
    this.#isClosed = true;
    this.#disconnect();
  }

  #disconnect(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Connected, so that datagrams are handed to the system at once. */
  async #connect(): Promise<Socket> {
    const { host, port } = this.#receiver;
    const { address } = await lookup(host);
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4').unref();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Without a route the callback gets the error, else the listener does.
    socket.on('error', reject);
    socket.connect(port, address, (error?: Error) => (error === undefined ? resolve() : reject(error)));
    try {
      await promise;
      if (this.#isClosed) throw new Error('it was closed meanwhile');
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#connectedAt = performance.now();
    return socket;
  }
}

/**
 * Resolves with what prevents it. ECONNREFUSED is the answer to a datagram of before, and this one was not sent: nobody listens. It is
 * sent once more, and that is all that UDP can do.
 */
async function sendOne(socket: Socket, message: Uint8Array): Promise<NodeJS.ErrnoException | undefined> {
  const first = await trySend(socket, message);
  if (first?.code !== 'ECONNREFUSED') return first;
  const second = await trySend(socket, message);
  return second?.code === 'ECONNREFUSED' ? undefined : second;
}

function trySend(socket: Socket, message: Uint8Array): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => socket.send(message, (error) => resolve(error ?? undefined)));
}
