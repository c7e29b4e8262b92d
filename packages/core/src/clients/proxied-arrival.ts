import { AcceptedClient } from './accepted-client.ts';
import { type ConnectionHandler, ignoreEvents } from '../base/connection.ts';
import type { ProxyError } from '../base/errors.ts';
import { type Expiring, Timeout, type TimeoutList } from '../base/timers.ts';
import type { InetAddr } from '../base/address.ts';
import { type ProxyHeader, ProxyHeaderFault } from '../proxy-protocol/header.ts';
import { ProxyHeaderReader } from '../proxy-protocol/header-reader.ts';
import type { ClientConnection } from '../session/session-view.ts';
import type { ConnectionGate } from './connection-gate.ts';
import type { ProtocolProxy } from './protocol-proxy.ts';
import { toldAddressProblem } from './told-address.ts';
import type { Holder, WaitingBytes } from './waiting-bytes.ts';

/** What the arrivals of a listener share. */
export interface ArrivalContext {
  /** Gets the clients. */
  readonly proxy: ProtocolProxy;
  /** Whether a proxy that is trusted may leave the header out. */
  readonly isOptional: boolean;
  readonly wait: TimeoutList;
  /** The same for a connection that may have been accepted while its listener is drained. */
  readonly firstMoment: TimeoutList;
  /** Milliseconds of `wait`. */
  readonly timeout: number;
  readonly waitingBytes: WaitingBytes;
  /** Counts connections as those of the clients that are told. */
  readonly gate: Pick<ConnectionGate, 'told'> | undefined;
  /** `why`: a sentence. */
  readonly log: (client: ClientConnection, why: string) => void;
}

/**
 * The connection of a trusted proxy, from its first byte until the header of the PROXY protocol was read. Then the proxy of the service owns
 * the connection, with the client that the header names.
 */
export class ProxiedArrival implements ConnectionHandler, Expiring, Holder {
  readonly client: ClientConnection;
  list: object | undefined = undefined;
  older: ProxiedArrival | undefined = undefined;
  newer: ProxiedArrival | undefined = undefined;
  readonly #context: ArrivalContext;
  readonly #forget: (arrival: ProxiedArrival) => void;
  /** Why the client is not to be served. The proxy of the service tells it. */
  readonly #refusal: ProxyError | undefined;
  readonly #timeout = new Timeout(this);
  readonly #reader = new ProxyHeaderReader();
  #isDraining = false;
  #isOver = false;

  constructor(
    context: ArrivalContext,
    client: ClientConnection,
    forget: (arrival: ProxiedArrival) => void,
    refusal?: ProxyError,
  ) {
    this.client = client;
    this.#context = context;
    this.#forget = forget;
    this.#refusal = refusal;
  }

  start(): void {
    this.client.connection.handler = this;
    this.#timeout.start(this.#context.wait);
    this.client.connection.resume();
  }

  get #isSilent(): boolean {
    return this.#reader.kept.length === 0;
  }

  /** Closes soon if no byte has come by then. */
  drain(): void {
    if (!this.#isSilent) return;
    this.#isDraining = true;
    this.#timeout.start(this.#context.firstMoment);
  }

  /** Closes the connection now. */
  destroy(error?: Error): void {
    if (this.#isOver) return;
    const { connection } = this.client;
    connection.handler = ignoreEvents;
    connection.destroy(error);
    this.#end();
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    // What has begun gets its time.
    if (this.#isDraining) this.#timeout.start(this.#context.wait);
    this.#isDraining = false;
    try {
      const before = this.#reader.kept;
      const read = this.#reader.read(bytes, start, end);
      if (read.kind === 'complete') return this.#handOn(this.#clientOf(read.header), bytes, read.rest, end);
      if (read.kind === 'more') return this.#context.waitingBytes.holdHead(this, this.#reader.kept.length);
      if (!this.#context.isOptional) throw new ProxyHeaderFault('the connection begins with something else');
      const all =
        before.length === 0 ? bytes.subarray(start, end) : Buffer.concat([before, bytes.subarray(start, end)]);
      this.#handOn(this.client, all, 0, all.length);
    } catch (error) {
      if (!(error instanceof ProxyHeaderFault)) throw error;
      this.#refuse(`The header was refused: ${error.message}.`);
    }
  }

  drained(): void {}

  ended(): void {
    // Who sends nothing has only looked whether the port is open.
    if (this.#isSilent) this.destroy();
    else this.#refuse('The connection ended in the middle of the header.');
  }

  closed(): void {
    this.#end();
  }

  /** @internal `WaitingBytes` is full. */
  giveUp(error: ProxyError): void {
    this.#refuse(error.message);
  }

  /** @internal */
  timeoutExpired(): void {
    const { isOptional, timeout } = this.#context;
    if (this.#isSilent && isOptional && !this.#isDraining) return this.#handOn(this.client, NOTHING, 0, 0);
    if (this.#isSilent) return this.destroy();
    this.#refuse(`The header was not complete within ${timeout} ms (proxyProtocol.timeout).`);
  }

  // ---- what it comes to

  #clientOf(header: ProxyHeader): ClientConnection {
    if (header.kind !== 'proxied') return this.client;
    return this.#told(header.source);
  }

  /** What the header says of where the client was connecting to is not taken over: by that this proxy would know itself. */
  #told(source: InetAddr): ClientConnection {
    const { connection, address: peer, local, listener } = this.client;
    const problem = toldAddressProblem(source, peer);
    if (problem !== undefined) throw new ProxyHeaderFault(problem);
    return new AcceptedClient({ connection, address: source, peer, local, listener });
  }

  /** The new owner takes the connection over, and gets what follows the header as it would have got it from the transport. */
  #handOn(client: ClientConnection, bytes: Buffer, start: number, end: number): void {
    const { connection } = client;
    const { proxy } = this.#context;
    this.#end();
    connection.pause();
    // Who closes it at once, because of a limit, takes nothing over, and is not given what follows.
    connection.handler = ignoreEvents;
    const told = client === this.client ? undefined : this.#context.gate?.told(connection, client.address);
    const error = this.#refusal ?? told?.error;
    if (error === undefined) proxy.accept(client);
    else if (proxy.refuse === undefined || told?.mayAnswer === false) return connection.destroy(error);
    else proxy.refuse(client, error);
    if (start < end) connection.handler.data(bytes, start, end);
  }

  #refuse(why: string): void {
    this.#context.log(this.client, why);
    this.destroy(new Error(why));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timeout.cancel();
    this.#context.waitingBytes.dropHead(this);
    this.#forget(this);
  }
}

const NOTHING = Buffer.alloc(0);
