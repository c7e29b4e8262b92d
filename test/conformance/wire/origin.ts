import type { Connection, SockAddr, Transport, TransportListener } from '@inband/core';
import { type Message, MessageReader } from './message-reader.ts';
import { Peer } from './peer.ts';

/** How the origin behaves from `arm` on. Without anything it answers every request with a small 200. */
export interface Script {
  /** Connections from now on carry no HTTP: it sends `greeting`, then gives back what it receives. */
  readonly tunnel?: boolean;
  readonly greeting?: Buffer;
  /** Sends without being asked, until told to wait. */
  readonly flood?: boolean;
  /** The answer to the first request. Empty: none, ever. */
  readonly answer?: Buffer;
  /** Sends the answer one byte at a time, every so many milliseconds. */
  readonly trickle?: number;
  /** Finishes after the answer or greeting. */
  readonly close?: boolean;
  /** Closes instead of answering whenever a connection is used again. */
  readonly closeOnReuse?: boolean;
}

export const ORDINARY: Script = {};

/** An origin server that follows a script, and keeps all that it received since the script began. */
export class Origin {
  readonly connections: OriginConnection[] = [];
  readonly changed: () => void;
  script: Script = ORDINARY;
  /** The first request since `arm` is still to come. */
  fresh = true;
  #listener: TransportListener | undefined = undefined;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  async listen(transport: Transport, address: SockAddr): Promise<void> {
    this.#listener = await transport.listen(address, {}, (connection) => {
      this.connections.push(new OriginConnection(connection, this));
    });
  }

  /** From now on follows `script`, and forgets what it heard. */
  arm(script: Script): void {
    this.script = script;
    this.fresh = true;
    for (const connection of this.connections) connection.mark();
  }

  /** Everything received since `arm`, connection by connection. */
  get heard(): Buffer {
    return Buffer.concat(this.connections.map((connection) => connection.heard));
  }

  /** Requests since `arm`, in the order of their connections. */
  get requests(): Message[] {
    return this.connections.flatMap((connection) => connection.requests);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    for (const { connection, isClosed } of this.connections) if (!isClosed) connection.destroy();
  }
}

/** Bytes that a flood ends with: several times what windows hold. */
const FLOOD = 256 * 1024 * 1024;
const SLOW = '/slow';
const EARLY = '/early';

export class OriginConnection extends Peer {
  /** Connections that exist from before `arm` are not tunnels. */
  readonly isTunnel: boolean;
  readonly reader = new MessageReader('request');
  /** Bytes sent by a flood. */
  flooded = 0;
  readonly #origin: Origin;
  #mark = 0;
  #messageMark = 0;
  #answered = 0;
  #trickle: NodeJS.Timeout | undefined = undefined;

  constructor(connection: Connection, origin: Origin) {
    super(connection, origin.changed);
    this.#origin = origin;
    this.isTunnel = origin.script.tunnel === true;
    if (this.isTunnel) this.#greet();
  }

  get heard(): Buffer {
    return this.bytes.subarray(this.#mark);
  }

  get requests(): Message[] {
    return this.reader.messages.slice(this.#messageMark);
  }

  mark(): void {
    this.#mark = this.bytes.length;
    this.#messageMark = this.reader.messages.length;
  }

  protected override received(bytes: Buffer): void {
    if (this.isTunnel) {
      this.connection.write(bytes);
      return;
    }
    this.reader.push(bytes);
    this.#answerAll();
  }

  protected override finished(): void {
    this.#stop();
    this.connection.end();
  }

  override drained(): void {
    if (this.#origin.script.flood === true) this.#flood();
  }

  override closed(error?: Error): void {
    this.#stop();
    super.closed(error);
  }

  #greet(): void {
    const { greeting, close, flood } = this.#origin.script;
    if (greeting !== undefined) this.connection.write(greeting);
    if (close === true) this.connection.end();
    if (flood === true) this.#flood();
  }

  /** Until the window is full, or for ever if there is none: this is more than all windows on the way. */
  #flood(): void {
    const piece = Buffer.alloc(65_536, 'f');
    while (this.flooded < FLOOD) {
      this.flooded += piece.length;
      if (!this.connection.write(piece)) return;
    }
  }

  #answerAll(): void {
    const { messages } = this.reader;
    while (this.#answered < messages.length) {
      const message = messages[this.#answered]!;
      if (!message.complete && message.target !== EARLY) return;
      if (message.target === SLOW) return;
      this.#answered += 1;
      this.#answer(message);
    }
  }

  #answer(message: Message): void {
    const origin = this.#origin;
    const { answer, close, trickle, closeOnReuse } = origin.script;
    if (closeOnReuse === true && this.#answered > 1) return this.connection.end();
    const isFirst = origin.fresh;
    origin.fresh = false;
    if (answer === undefined || !isFirst) {
      this.connection.write(ordinaryAnswer(message));
      return;
    }
    if (trickle !== undefined) return this.#trickleOut(answer, trickle);
    if (answer.length > 0) this.connection.write(answer);
    if (close === true) this.connection.end();
  }

  #trickleOut(bytes: Buffer, every: number): void {
    let at = 0;
    this.#trickle = setInterval(() => {
      this.connection.write(bytes, at, at + 1);
      at += 1;
      if (at >= bytes.length) this.#stop();
    }, every);
  }

  #stop(): void {
    clearInterval(this.#trickle);
  }
}

function ordinaryAnswer({ method, target }: Message): Buffer {
  const body = `answer to ${target}`;
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.from(method === 'HEAD' ? head : head + body, 'latin1');
}
