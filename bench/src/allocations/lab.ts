import type { Connection, ConnectionHandler, MemoryNetwork, SockAddr } from 'inband';
import { type AllocationCase, SERVER_PORT } from './cases.ts';

export const PROXY: SockAddr = { family: 'inet', address: '127.0.0.1', port: 3128 };
export const SERVER: SockAddr = { family: 'inet', address: '127.0.0.1', port: SERVER_PORT };

const CONNECT = Buffer.from(`CONNECT 127.0.0.1:${SERVER_PORT} HTTP/1.1\r\nHost: 127.0.0.1:${SERVER_PORT}\r\n\r\n`);

/** Answers when as many bytes have come as one request has; the first request says how many these are here. */
class AnsweringServer implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #answer: Buffer;
  readonly #length: number;
  #received = 0;

  constructor(connection: Connection, answer: Buffer, length: number) {
    this.#connection = connection;
    this.#answer = answer;
    this.#length = length;
  }

  data(_bytes: Buffer, start: number, end: number): void {
    this.#received += end - start;
    if (this.#received < this.#length) return;
    this.#received -= this.#length;
    this.#connection.write(this.#answer);
  }

  drained(): void {}

  ended(): void {
    this.#connection.end();
  }

  closed(): void {}
}

/** One client that does the same again and again, without a promise or a closure for each time. */
export class Client implements ConnectionHandler {
  readonly #network: MemoryNetwork;
  readonly #case: AllocationCase;
  readonly #to: SockAddr;
  readonly #lengths: Lengths;
  #connection: Connection | undefined = undefined;
  #received = 0;
  /** Bytes that are to come before the next step. */
  #awaited = 0;
  #isTunnelOpen = false;
  #left = 0;
  #done: () => void = () => {};
  readonly #connected = (error: Error | undefined, connection?: Connection): void => {
    if (connection === undefined) throw error ?? new Error('there is no connection');
    this.#connection = connection;
    connection.handler = this;
    connection.resume();
    this.#begin(connection);
  };

  constructor(network: MemoryNetwork, measured: AllocationCase, to: SockAddr, lengths: Lengths) {
    this.#network = network;
    this.#case = measured;
    this.#to = to;
    this.#lengths = lengths;
  }

  /** Resolves when it was done `count` times. */
  run(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#next();
    });
  }

  close(): void {
    this.#connection?.destroy();
  }

  #next(): void {
    if (this.#connection === undefined) this.#network.transport().connect(this.#to, {}, this.#connected);
    else this.#begin(this.#connection);
  }

  #begin(connection: Connection): void {
    const isTunnel = this.#case.kind === 'tunnel' && this.#lengths.established > 0;
    this.#isTunnelOpen = !isTunnel;
    this.#awaited = isTunnel ? this.#lengths.established : this.#lengths.answer;
    connection.write(isTunnel ? CONNECT : this.#case.request);
  }

  data(_bytes: Buffer, start: number, end: number): void {
    this.#received += end - start;
    if (this.#received < this.#awaited) return;
    if (this.#received > this.#awaited) throw new Error(`${this.#received} bytes came instead of ${this.#awaited}`);
    this.#received = 0;
    if (!this.#isTunnelOpen) return this.#throughTunnel();
    if (this.#case.kind === 'request') return this.#finish();
    this.#connection?.end();
  }

  #throughTunnel(): void {
    this.#isTunnelOpen = true;
    this.#awaited = this.#lengths.answer;
    this.#connection?.write(this.#case.request);
  }

  #finish(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#done();
    else this.#next();
  }

  drained(): void {}

  ended(): void {
    this.#connection?.end();
  }

  closed(error?: Error): void {
    this.#connection = undefined;
    if (this.#case.kind === 'request') return;
    if (error !== undefined) throw error;
    this.#finish();
  }
}

/** Bytes of what arrives on the way that is measured. */
export interface Lengths {
  /** Of a request at the server. */
  readonly request: number;
  /** Of an answer at the client. */
  readonly answer: number;
  /** Of the answer that opens a tunnel; 0 where there is none. */
  readonly established: number;
}

/** Starts the server of a measurement. */
export async function serve(network: MemoryNetwork, { answer }: AllocationCase, request: number): Promise<void> {
  await network.transport().listen(SERVER, {}, (connection) => {
    connection.handler = new AnsweringServer(connection, answer, request);
    connection.resume();
  });
}

/** Does it once by way of the proxy, slowly, and says how long is what arrived. */
export async function tryOnce(network: MemoryNetwork, measured: AllocationCase): Promise<Lengths> {
  const isTunnel = measured.kind === 'tunnel';
  let request = 0;
  const listening = await network.transport().listen(SERVER, {}, (connection) => {
    connection.handler = { ...quiet, data: (_bytes, start, end) => void (request += end - start) };
    connection.resume();
    if (!isTunnel) setTimeout(() => connection.write(measured.answer), 50);
  });
  const connection = await dial(network);
  let received = 0;
  connection.handler = { ...quiet, data: (_bytes, start, end) => void (received += end - start) };
  connection.resume();
  connection.write(isTunnel ? CONNECT : measured.request);
  while (received < (isTunnel ? 1 : measured.answer.length)) await new Promise((resolve) => setTimeout(resolve, 20));
  connection.destroy();
  await listening.close();
  // The idle connection to this server must not serve the measurement.
  for (const open of network.connections()) open.destroy();
  if (isTunnel) return { request: measured.request.length, answer: measured.answer.length, established: received };
  return { request, answer: received, established: 0 };
}

const quiet: ConnectionHandler = { data: () => {}, drained: () => {}, ended: () => {}, closed: () => {} };

function dial(network: MemoryNetwork): Promise<Connection> {
  return new Promise((resolve, reject) => {
    network.transport().connect(PROXY, {}, (error, connection) => {
      if (connection === undefined) reject(error ?? new Error('there is no connection'));
      else resolve(connection);
    });
  });
}
