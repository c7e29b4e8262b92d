import {
  AcceptedClient,
  type ClientConnection,
  type ConnectionHandler,
  type Expiring,
  type Holder,
  ignoreEvents,
  type ProxyError,
  Timeout,
} from '@inband/core';
import { type ClientHello, HelloFault, HelloReader } from '@inband/tls-guard';
import { TlsConfigurationError } from '../base/configuration-error.ts';
import type { TlsHandshakeError } from '../base/handshake-error.ts';
import type { Handshake, TlsConnection } from '../base/implementation.ts';
import type { ServerCertificate } from '../certificates/server-certificate.ts';
import { alertRecord, type PlainAlert } from './alert.ts';
import { ClientFacts } from './client-facts.ts';
import type { TerminatorContext } from './context.ts';

/**
 * The states of a client until TLS is negotiated. Each leads only to those below it.
 *
 * ```
 * reading ── ClientHello accepted ──▶ handshaking ── done ──▶ handed on
 *    │                                    └── failed, timeout ──▶ closed
 *    ├── refused ──▶ refusing (an alert is on its way) ──────────▶ closed
 *    └── timeout, client gone ───────────────────────────────────▶ closed
 * ```
 */
type State = 'reading' | 'handshaking' | 'refusing' | 'handed on' | 'closed';

/** What a client that speaks HTTP to a TLS listener is told. */
const PLAIN_HTTP = 'This port speaks TLS: ask for https:// instead.\n';

/** One client, from its first byte until its proxy gets it. */
export class Arrival implements ConnectionHandler, Expiring, Holder {
  readonly client: ClientConnection;
  readonly #context: TerminatorContext;
  readonly #forget: (arrival: Arrival) => void;
  readonly #timeout = new Timeout(this);
  #hello: HelloReader | undefined = new HelloReader();
  #state: State = 'reading';
  #serverName: string | undefined = undefined;
  #handshake: Handshake | undefined = undefined;

  constructor(context: TerminatorContext, client: ClientConnection, forget: (arrival: Arrival) => void) {
    this.client = client;
    this.#context = context;
    this.#forget = forget;
  }

  start(): void {
    this.client.connection.handler = this;
    this.#timeout.start(this.#context.waits.handshake);
    this.client.connection.resume();
  }

  /** Closes after `FIRST_MOMENT` if no byte has arrived by then, because the client may have been accepted just now. */
  drain(): void {
    if (this.#isSilent) this.#timeout.start(this.#context.waits.first);
  }

  /** Whether the client has sent nothing yet. */
  get #isSilent(): boolean {
    return this.#state === 'reading' && this.#hello?.begun !== true;
  }

  /** Closes the connection now. */
  destroy(error?: Error): void {
    if (this.#state === 'closed' || this.#state === 'handed on') return;
    this.#handshake?.cancel(error);
    if (this.#handshake === undefined) {
      this.client.connection.handler = ignoreEvents;
      this.client.connection.destroy(error);
    }
    this.#close();
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#state !== 'reading' || this.#hello === undefined) return;
    if (!this.#hello.begun) {
      if (isLetter(bytes[start] ?? 0)) return this.#answerHttp();
      // The client is no longer silent, so the short timeout of `drain` gives way to the usual one.
      if (this.#timeout.list !== this.#context.waits.handshake) this.#timeout.start(this.#context.waits.handshake);
    }
    try {
      const hello = this.#hello.read(bytes, start, end);
      if (hello === undefined) this.#context.waitingBytes.holdHead(this, this.#hello.kept);
      else this.#negotiate(hello, this.#hello.takeReceived());
    } catch (error) {
      if (error instanceof HelloFault) this.#refuse('decode_error', `The ClientHello was refused: ${error.message}.`);
      else if (error instanceof TlsConfigurationError) this.#refuse('internal_error', error.message);
      else throw error;
    }
  }

  drained(): void {}

  ended(): void {
    // Who sends nothing has only looked whether the port is open.
    if (this.#hello?.begun === true) this.#failed('The client ended in the middle of its ClientHello.', undefined);
    this.destroy();
  }

  closed(): void {
    this.#close();
  }

  /** @internal `WaitingBytes` is full. */
  giveUp(error: ProxyError): void {
    this.#failed(error.message, undefined);
    this.destroy(error);
  }

  /** @internal */
  timeoutExpired(): void {
    const { handshakeTimeout } = this.#context.options;
    if (this.#state !== 'refusing' && !this.#isSilent) {
      this.#failed(`It was not complete within ${handshakeTimeout} ms (tls.handshakeTimeout).`, undefined);
    }
    this.destroy();
  }

  // ---- what it comes to

  #negotiate({ serverName, signatureSchemes, alpn }: ClientHello, begun: Buffer): void {
    const { certificates, options, contexts, tls } = this.#context;
    const { connection, local } = this.client;
    this.#serverName = serverName;
    if (alpn !== undefined && !options.alpn.some((protocol) => alpn.includes(protocol))) {
      const offered = alpn.map((protocol) => JSON.stringify(protocol)).join(', ');
      return this.#refuse('no_application_protocol', `The client speaks ${offered} only.`);
    }
    const localAddress = local.family === 'unix' ? undefined : local.address;
    const certificate = certificates.choose({ serverName, signatureSchemes, localAddress });
    if (certificate === undefined) return this.#refuse('unrecognized_name', noCertificate(serverName));
    const context = contexts.of(certificate);
    this.#context.waitingBytes.dropHead(this);
    this.#hello = undefined;
    this.#state = 'handshaking';
    connection.pause();
    this.#handshake = tls.accept(connection, context, begun, (error, secured) => {
      if (secured === undefined) this.#handshakeFailed(error);
      else this.#handOn(secured, certificate);
    });
  }

  #handOn(connection: TlsConnection, certificate: ServerCertificate): void {
    const { address, local, listener, originalDestination } = this.client;
    const tls = new ClientFacts(connection.tls, this.#serverName, certificate);
    this.#context.onHandshake?.(tls.resumed ? 'resumed' : 'full');
    this.#state = 'handed on';
    this.#release();
    this.#context.proxy.accept(new AcceptedClient({ connection, address, local, listener, originalDestination, tls }));
  }

  #handshakeFailed(error: TlsHandshakeError | undefined): void {
    if (error !== undefined) this.#failed(error.message, error.alert);
    this.#close();
  }

  /** Sends an alert, and closes the connection when the client has, or soon. */
  #refuse(alert: PlainAlert, why: string): void {
    this.#failed(why, alert);
    this.#sendLast(alertRecord(alert));
  }

  #answerHttp(): void {
    this.#failed('The client speaks plain HTTP, and this listener TLS.', undefined);
    const length = Buffer.byteLength(PLAIN_HTTP);
    const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
    this.#sendLast(Buffer.from(head + PLAIN_HTTP));
  }

  #sendLast(bytes: Buffer): void {
    const { connection } = this.client;
    this.#context.waitingBytes.dropHead(this);
    this.#hello = undefined;
    this.#state = 'refusing';
    connection.write(bytes);
    connection.end();
    this.#timeout.start(this.#context.waits.linger);
  }

  #failed(why: string, alert: string | undefined): void {
    const { address: client, listener } = this.client;
    this.#context.onHandshake?.('failed');
    this.#context.failures.log({ client, listener, serverName: this.#serverName, why, alert });
  }

  #close(): void {
    if (this.#state === 'closed' || this.#state === 'handed on') return;
    this.#state = 'closed';
    this.#release();
  }

  #release(): void {
    this.#timeout.cancel();
    this.#context.waitingBytes.dropHead(this);
    this.#hello = undefined;
    this.#handshake = undefined;
    this.#forget(this);
  }
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function noCertificate(serverName: string | undefined): string {
  if (serverName === undefined) return 'The client names no server, and there is no tls.defaultCertificate.';
  return `There is no certificate for ${JSON.stringify(serverName)}, and no tls.defaultCertificate.`;
}
