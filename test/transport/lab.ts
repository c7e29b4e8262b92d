import { setImmediate as nextIteration } from 'node:timers/promises';
import type { Connection, DialOptions, SockAddr, Transport, TransportListener } from '@inband/core';
import { expect } from 'vitest';
import { Probe } from './probe.ts';

/** What the suite needs to know about the implementation that it tests. */
export interface TransportHarness {
  readonly transport: Transport;
  /** Where to listen next: port 0, or a socket file that does not exist. */
  bind(): SockAddr;
  /** How many sockets, or what stands for them, are open in this process. */
  open(): number;
  /** Whether `destroy(error)` sends a reset that the peer can tell from an orderly end. */
  readonly resets: boolean;
  /** Bytes of the largest transfer. */
  readonly largest: number;
  /** Bytes that each write adds to its own in the queue, of one record at most. Default: 0. */
  readonly overhead?: number;
  close(): Promise<void>;
}

export interface Pair {
  readonly client: Probe;
  readonly server: Probe;
}

export interface LabListener {
  readonly address: SockAddr;
  /** The next accepted connection. */
  accepted(): Promise<Probe>;
  close(): Promise<void>;
}

/** One test's listeners and connections. `finish` closes them, and fails if the contract was broken or anything stays. */
export class Lab {
  readonly harness: TransportHarness;
  readonly #openBefore: number;
  readonly #probes: Probe[] = [];
  readonly #listeners: TransportListener[] = [];
  #pairs: LabListener | undefined;

  constructor(harness: TransportHarness) {
    this.harness = harness;
    this.#openBefore = harness.open();
  }

  own(connection: Connection): Probe {
    const probe = new Probe(connection);
    this.#probes.push(probe);
    return probe;
  }

  /** Two ends of one connection, both paused. */
  async pair(): Promise<Pair> {
    this.#pairs ??= await this.listen();
    const [client, server] = await Promise.all([this.connect(this.#pairs.address), this.#pairs.accepted()]);
    return { client, server };
  }

  /** Listens; `onAccept` sees every connection from within the transport's own call. */
  async listen(onAccept?: (probe: Probe) => void, bind: SockAddr = this.harness.bind()): Promise<LabListener> {
    const waiting: Probe[] = [];
    const wanted: ((probe: Probe) => void)[] = [];
    const listener = await this.harness.transport.listen(bind, {}, (connection) => {
      const probe = this.own(connection);
      onAccept?.(probe);
      const want = wanted.shift();
      if (want === undefined) waiting.push(probe);
      else want(probe);
    });
    this.#listeners.push(listener);
    return {
      address: listener.address,
      accepted: () => {
        const probe = waiting.shift();
        return probe === undefined ? new Promise((resolve) => wanted.push(resolve)) : Promise.resolve(probe);
      },
      close: () => listener.close(),
    };
  }

  connect(remote: SockAddr, options: DialOptions = {}): Promise<Probe> {
    const { promise, resolve, reject } = Promise.withResolvers<Probe>();
    this.harness.transport.connect(remote, options, (error, connection) => {
      if (connection === undefined) reject(error ?? new Error('settled with nothing'));
      else resolve(this.own(connection));
    });
    return promise;
  }

  /** Time enough for whatever was wrongly about to happen: two round trips over another connection. */
  async settleDown(): Promise<void> {
    const { client, server } = await this.pair();
    server.reactions.data = (bytes, start, end) => void server.write(bytes, start, end);
    client.resume();
    server.resume();
    for (const length of [1, 2]) {
      client.write('x');
      await client.untilLength(length);
      await nextIteration();
    }
    client.destroy();
    server.destroy();
    await Promise.all([client.untilClosed(), server.untilClosed()]);
  }

  async finish(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    const patience = Date.now() + 5000;
    do {
      // In every round again: a connection may still be accepted.
      for (const probe of this.#probes) probe.destroy();
      await Promise.all(this.#probes.map((probe) => probe.untilClosed()));
      await nextIteration();
    } while (this.harness.open() > this.#openBefore && Date.now() < patience);
    await this.harness.close();
    expect(this.#probes.flatMap((probe) => probe.violations)).toEqual([]);
    for (const probe of this.#probes) {
      expect(probe.events.filter((event) => event === 'closed')).toHaveLength(1);
      expect(probe.events.at(-1)).toBe('closed');
    }
    expect(this.harness.open(), 'sockets left open').toBe(this.#openBefore);
  }
}
