import { setImmediate as nextIteration } from 'node:timers/promises';
import { createMemoryNetwork, ignoreEvents } from '@inband/core';
import type { Connection } from '@inband/core';

export type Side = 'client' | 'server';

/** Gets a record as `from` sent it, and says what is sent on instead. */
export type OnRecord = (from: Side, record: Buffer, number: number) => readonly Uint8Array[];

/** Bytes of the head of a record. */
const HEAD = 5;

/** A path in memory between a client and a server that speak TLS, on which somebody sees each record, and can change it. */
export class Wire {
  /** For the client, and for the server. */
  readonly client: Connection;
  readonly server: Connection;
  onRecord: OnRecord = (_from, record) => [record];
  /** Records of both sides so far. */
  records = 0;
  /** Bytes of both sides so far. */
  bytes = 0;

  readonly #network = createMemoryNetwork();
  readonly #near: Readonly<Record<Side, Connection>>;
  readonly #unfinished: Record<Side, Buffer> = { client: Buffer.alloc(0), server: Buffer.alloc(0) };

  constructor() {
    const left = this.#network.connectPair();
    const right = this.#network.connectPair();
    this.client = left.client;
    this.server = right.server;
    this.#near = { client: left.server, server: right.client };
    this.#relay('client');
    this.#relay('server');
  }

  /** Connections that are not closed. */
  get open(): number {
    return this.#network.open;
  }

  /** Finishes what `to` receives, without close_notify. */
  finish(to: Side): void {
    this.#near[to].end();
  }

  /** Resets both directions. */
  reset(): void {
    for (const near of Object.values(this.#near)) near.destroy(new Error('cut'));
  }

  send(to: Side, bytes: Uint8Array): void {
    this.#near[to].write(bytes);
  }

  /** Resolves when nothing has been on its way for a while. */
  async quiet(): Promise<void> {
    for (let still = 0, seen = this.bytes; still < 8; still += 1) {
      await nextIteration();
      if (seen !== this.bytes) still = 0;
      seen = this.bytes;
    }
  }

  #relay(from: Side): void {
    const other = this.#near[from === 'client' ? 'server' : 'client'];
    this.#near[from].handler = {
      ...ignoreEvents,
      data: (bytes, start, end) => this.#receive(from, bytes.subarray(start, end)),
      ended: () => other.end(),
      closed: (error) => other.destroy(error),
    };
    this.#near[from].resume();
  }

  #receive(from: Side, bytes: Buffer): void {
    this.bytes += bytes.length;
    let rest = Buffer.concat([this.#unfinished[from], bytes]);
    while (rest.length >= HEAD && rest.length >= HEAD + rest.readUInt16BE(3)) {
      const length = HEAD + rest.readUInt16BE(3);
      const to = from === 'client' ? 'server' : 'client';
      for (const piece of this.onRecord(from, rest.subarray(0, length), this.records)) this.#near[to].write(piece);
      this.records += 1;
      rest = rest.subarray(length);
    }
    this.#unfinished[from] = Buffer.from(rest);
  }
}
