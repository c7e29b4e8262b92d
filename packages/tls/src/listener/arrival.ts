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
import type { Handshake, TlsConnection, TlsServerContext } from '../base/implementation.ts';
import type { ServerCertificate } from '../certificates/server-certificate.ts';
import { alertRecord, type PlainAlert } from './alert.ts';
import { ClientFacts, type Origin } from './client-facts.ts';
import type { MatchRule } from './hello-match.ts';
import { lapsedCertificate } from './lapsed-certificate.ts';
import { ACME_PROTOCOL, type OrderedCertificates } from './ordered-certificates.ts';
import type { TerminatorContext } from './context.ts';

/**
 * The states of a client until TLS is negotiated. Each leads only to those below it.
 *
 * ```
 * reading ── ClientHello accepted ──▶ handshaking ── done ──▶ handed on
 *    │                                    └── failed, timeout ──▶ closed
 *    ├── its certificate is ordered ──▶ ordering ── there ──▶ handshaking
 *    │                                      └── not in time ──▶ refusing
 *    ├── refused ──▶ refusing (an alert is on its way) ──────────▶ closed
 *    └── timeout, client gone ───────────────────────────────────▶ closed
 * ```
 */
type State = 'reading' | 'ordering' | 'handshaking' | 'refusing' | 'handed on' | 'closed';

/** What a client that speaks HTTP to a TLS listener is told. */
const PLAIN_HTTP = 'This port speaks TLS: ask for https:// instead.\n';

const REFUSED = 'A rule of tls.match refuses the name.';

/** One client, from its first byte until its proxy gets it. */
export class Arrival implements ConnectionHandler, Expiring, Holder {
  readonly client: ClientConnection;
  readonly #context: TerminatorContext;
  readonly #forget: (arrival: Arrival) => void;
  readonly #timeout = new Timeout(this);
  #hello: HelloReader | undefined = new HelloReader();
  #state: State = 'reading';
  #serverName: string | undefined = undefined;
  /** Of `tls.match`, where one is about its name. */
  #rule: MatchRule | undefined = undefined;
  #handshake: Handshake | undefined = undefined;
  /** A connection that was only made to be looked at by a CA. */
  #shown: TlsConnection | undefined = undefined;

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
    if (this.#shown !== undefined) this.#shown.destroy(error);
    else if (this.#handshake !== undefined) this.#handshake.cancel(error);
    else {
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
    if (this.#state === 'ordering') this.#failed(NOT_IN_TIME, undefined);
    else if (this.#state !== 'refusing' && !this.#isSilent) {
      this.#failed(`It was not complete within ${handshakeTimeout} ms (tls.handshakeTimeout).`, undefined);
    }
    this.destroy();
  }

  // ---- what it comes to

  #negotiate(hello: ClientHello, begun: Buffer): void {
    const { options, ordered } = this.#context;
    const { serverName, alpn } = hello;
    this.#serverName = serverName;
    const rule = this.#context.match?.ruleFor(serverName);
    this.#rule = rule;
    if (rule !== undefined && rule.action !== 'terminate') return this.#divert(rule, begun);
    if (ordered !== undefined && alpn?.length === 1 && alpn[0] === ACME_PROTOCOL) return this.#show(ordered, begun);
    if (alpn !== undefined && !options.alpn.some((protocol) => alpn.includes(protocol))) {
      const offered = alpn.map((protocol) => JSON.stringify(protocol)).join(', ');
      return this.#refuse('no_application_protocol', `The client speaks ${offered} only.`);
    }
    const certificate = this.#choose(hello);
    if (certificate !== undefined) return this.#shake(certificate, begun);
    const order = serverName === undefined ? undefined : ordered?.demand(serverName.toLowerCase());
    if (order === undefined) return this.#refuse('unrecognized_name', noCertificate(serverName));
    this.#order(order, hello, begun).catch((error: unknown) => this.#orderFailed(error));
  }

  #choose({ serverName, signatureSchemes }: ClientHello): ServerCertificate | undefined {
    const { local } = this.client;
    const localAddress = local.family === 'unix' ? undefined : local.address;
    return this.#context.certificates.choose({ serverName, signatureSchemes, localAddress });
  }

  #shake(certificate: ServerCertificate, begun: Buffer): void {
    this.#accept(this.#context.contexts.of(certificate), begun, (connection) => this.#handOn(connection, certificate));
  }

  #accept(context: TlsServerContext, begun: Buffer, done: (connection: TlsConnection) => void): void {
    const { connection } = this.client;
    this.#context.waitingBytes.dropHead(this);
    this.#hello = undefined;
    this.#state = 'handshaking';
    connection.pause();
    this.#handshake = this.#context.tls.accept(connection, context, begun, (error, secured) => {
      if (secured === undefined) this.#handshakeFailed(error);
      else done(secured);
    });
  }

  /** Waits for a certificate that is ordered. What the client has sent counts as incomplete meanwhile. */
  async #order(order: Promise<unknown>, hello: ClientHello, begun: Buffer): Promise<void> {
    this.#state = 'ordering';
    this.client.connection.pause();
    this.#timeout.start(this.#context.waits.order);
    this.#context.waitingBytes.holdHead(this, begun.length);
    await order;
    if (this.#state !== 'ordering') return;
    const certificate = this.#choose(hello);
    if (certificate === undefined) {
      this.client.connection.resume();
      return this.#refuse('unrecognized_name', NOT_IN_TIME);
    }
    this.#timeout.start(this.#context.waits.handshake);
    this.#shake(certificate, begun);
  }

  /** What is thrown here would be an unhandled rejection, which ends the process. */
  #orderFailed(error: unknown): void {
    if (this.#state === 'closed' || this.#state === 'handed on') return;
    const why = error instanceof TlsConfigurationError ? error.message : 'The certificate could not be ordered.';
    if (!(error instanceof TlsConfigurationError)) {
      this.#context.logger.error({ err: error }, 'defect while a certificate was ordered');
    }
    // So that what the client does with the alert is noticed.
    this.client.connection.resume();
    this.#refuse('internal_error', why);
  }

  /** A CA looks whether a host is ours (RFC 8737 section 3). Nothing is said on its connection. */
  #show(ordered: OrderedCertificates, begun: Buffer): void {
    const identity = this.#serverName === undefined ? undefined : ordered.challenge(this.#serverName.toLowerCase());
    if (identity === undefined) return this.#refuse('unrecognized_name', 'No CA is expected to look at this name now.');
    const context = this.#context.contexts.forChallenge(identity);
    this.#accept(context, begun, (connection) => {
      this.#handshake = undefined;
      this.#shown = connection;
      this.#state = 'refusing';
      connection.handler = { ...ignoreEvents, closed: () => this.#close() };
      connection.resume();
      connection.end();
      this.#timeout.start(this.#context.waits.linger);
    });
    context.release();
  }

  /** TLS does not end here. */
  #divert(rule: MatchRule, begun: Buffer): void {
    if (rule.action === 'pass') return this.#pass(rule, begun);
    if (rule.action === 'alert') return this.#refuse('unrecognized_name', REFUSED);
    this.#failed(REFUSED, undefined);
    this.destroy(new Error(REFUSED));
  }

  /** Hands the client on with what it has sent. */
  #pass({ proxy }: MatchRule, received: Buffer): void {
    const { connection, address, local, listener, originalDestination } = this.client;
    connection.pause();
    this.#state = 'handed on';
    this.#release();
    proxy?.accept(new AcceptedClient({ connection, address, local, listener, originalDestination, received }));
  }

  #handOn(connection: TlsConnection, certificate: ServerCertificate): void {
    const { address, local, listener, originalDestination } = this.client;
    const { match, proxy } = this.#context;
    const rule = this.#rule;
    const goesHere = match && ((host: string): boolean => leadsAlike(match.ruleFor(host), rule));
    const tls = this.#factsOf(connection, { serverName: this.#serverName, names: certificate, goesHere });
    if (typeof tls === 'string') return this.#refuseOpen(connection, tls);
    this.#context.onHandshake?.(tls.resumed ? 'resumed' : 'full');
    this.#state = 'handed on';
    this.#release();
    const client = new AcceptedClient({ connection, address, local, listener, originalDestination, tls });
    (rule?.proxy ?? proxy).accept(client);
  }

  /** Or why the client is refused, although TLS was negotiated. */
  #factsOf({ tls: facts }: TlsConnection, origin: Origin): ClientFacts | string {
    try {
      const tls = new ClientFacts(facts, origin);
      const lapsed = tls.resumed && tls.certificate && lapsedCertificate(tls.certificate, this.#context.contexts.trust);
      return lapsed || tls;
    } catch (error) {
      // OpenSSL reads more than DER, for example lengths that are not definite.
      const reason = error instanceof Error ? error.message : String(error);
      return `The names of its certificate cannot be read: ${reason}`;
    }
  }

  #refuseOpen(connection: TlsConnection, why: string): void {
    this.#failed(why, undefined);
    this.#close();
    connection.destroy();
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
    this.#shown = undefined;
    this.#forget(this);
  }
}

/** Whether clients go to the same proxy by both rules. */
function leadsAlike(one: MatchRule | undefined, other: MatchRule | undefined): boolean {
  return (one === undefined || one.action === 'terminate') && one?.proxy === other?.proxy;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

const NOT_IN_TIME = 'Its certificate could not be ordered in time; the log of ACME says why.';

function noCertificate(serverName: string | undefined): string {
  if (serverName === undefined) return 'The client names no server, and there is no tls.defaultCertificate.';
  return `There is no certificate for ${JSON.stringify(serverName)}, and no tls.defaultCertificate.`;
}
