import {
  type ClientConnection,
  type ConnectionHandler,
  type Expiring,
  type Holder,
  ignoreEvents,
  type ProtocolProxy,
  type ProxyError,
  Timeout,
  type TimeoutList,
} from '@inband/core';
import type { ClientHello } from '@inband/tls-guard';
import { TlsConfigurationError } from '../../base/configuration-error.ts';
import type { TlsHandshakeError } from '../../base/handshake-error.ts';
import type { Handshake, ServerIdentity, TlsConnection, TlsServerContext } from '../../base/implementation.ts';
import type { ServerCertificate } from '../../certificates/server-certificate.ts';
import { alertRecord, type PlainAlert } from '../alert.ts';
import type { TerminatorContext } from '../context.ts';
import { decideHello } from '../hello-decision.ts';
import type { MatchRule } from '../hello-match.ts';
import { type ArrivalState, isOver } from './arrival-state.ts';
import { awaitOrder, NOT_IN_TIME, orderFailure, type OrderRefusal } from './await-order.ts';
import { handOn, passOn } from './hand-on.ts';
import { HelloInput } from './hello-input.ts';
import { PLAIN_HTTP_ANSWER } from './plain-http.ts';
import { securedClient } from '../secured-client.ts';

/** One client, from its first byte until its proxy gets it. */
export class Arrival implements ConnectionHandler, Expiring, Holder {
  readonly client: ClientConnection;
  list: object | undefined = undefined;
  older: Arrival | undefined = undefined;
  newer: Arrival | undefined = undefined;
  readonly #context: TerminatorContext;
  readonly #forget: (arrival: Arrival) => void;
  /** Why the client is not to be served, which its proxy tells it once TLS is negotiated. */
  readonly #refusal: ProxyError | undefined;
  readonly #timeout = new Timeout(this);
  #hello: HelloInput | undefined = new HelloInput();
  #state: ArrivalState = 'reading';
  #serverName: string | undefined = undefined;
  /** Of `tls.match`, where one is about its name. */
  #rule: MatchRule | undefined = undefined;
  #handshake: Handshake | undefined = undefined;
  /** A connection that was only made to be looked at by a CA. */
  #shown: TlsConnection | undefined = undefined;

  constructor(
    context: TerminatorContext,
    client: ClientConnection,
    forget: (arrival: Arrival) => void,
    refusal?: ProxyError,
  ) {
    this.client = client;
    // Nothing is ordered for a client that is not served.
    this.#context = refusal === undefined ? context : { ...context, ordered: undefined };
    this.#refusal = refusal;
    this.#forget = forget;
  }

  start(): void {
    this.client.connection.handler = this;
    this.#timeout.start(this.#wait);
    this.client.connection.resume();
  }

  /** For all of the handshake. */
  get #wait(): TimeoutList {
    const { handshake, refusal } = this.#context.waits;
    return this.#refusal === undefined ? handshake : refusal;
  }

  /** Closes after `FIRST_MOMENT` if no byte has arrived by then, because the client may have been accepted just now. */
  drain(): void {
    if (this.#isSilent) this.#timeout.start(this.#context.waits.first);
  }

  /** Whether the client has sent nothing yet. */
  get #isSilent(): boolean {
    return this.#state === 'reading' && this.#hello?.hasBegun !== true;
  }

  /** Closes the connection now. */
  destroy(error?: Error): void {
    if (isOver(this.#state)) return;
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
    const wasSilent = !this.#hello.hasBegun;
    const progress = this.#hello.read(bytes, start, end);
    // The client is no longer silent, so the short timeout of `drain` gives way to the usual one.
    if (wasSilent && progress.kind !== 'http' && this.#timeout.list !== this.#wait) this.#timeout.start(this.#wait);
    switch (progress.kind) {
      case 'incomplete':
        return this.#context.waitingBytes.holdHead(this, progress.kept);
      case 'complete':
        return this.#negotiateOrRefuse(progress.hello, progress.received);
      case 'http':
        return this.#answerHttp();
      case 'fault':
        return this.#refuse('decode_error', progress.why);
    }
  }

  drained(): void {}

  ended(): void {
    // Who sends nothing has only looked whether the port is open.
    if (this.#hello?.hasBegun === true) this.#failed('The client ended in the middle of its ClientHello.', undefined);
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

  #negotiateOrRefuse(hello: ClientHello, begun: Buffer): void {
    try {
      this.#negotiate(hello, begun);
    } catch (error) {
      if (!(error instanceof TlsConfigurationError)) throw error;
      this.#refuse('internal_error', error.message);
    }
  }

  #negotiate(hello: ClientHello, begun: Buffer): void {
    this.#serverName = hello.serverName;
    this.#rule = this.#context.match?.ruleFor(hello.serverName);
    const decision = decideHello(this.#context, this.client, hello, this.#rule);
    switch (decision.kind) {
      case 'shake':
        return this.#shake(decision.certificate, begun);
      case 'order':
        return void this.#order(decision.order, hello, begun).catch((error: unknown) =>
          this.#refuseOrder(orderFailure(this.#context, error)),
        );
      case 'show':
        return this.#show(decision.identity, begun);
      case 'pass':
        return this.#refusal === undefined ? this.#pass(decision.proxy, begun) : this.destroy(this.#refusal);
      case 'reset':
        this.#failed(decision.why, undefined);
        return this.destroy(new Error(decision.why));
      case 'refuse':
        return this.#refuse(decision.alert, decision.why);
    }
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
    const outcome = await awaitOrder(this.#context, this.client, hello, order);
    if (this.#state !== 'ordering') return;
    if ('alert' in outcome) return this.#refuseOrder(outcome);
    this.#timeout.start(this.#context.waits.handshake);
    this.#shake(outcome, begun);
  }

  #refuseOrder({ alert, why }: OrderRefusal): void {
    if (isOver(this.#state)) return;
    // So that what the client does with the alert is noticed.
    this.client.connection.resume();
    this.#refuse(alert, why);
  }

  /** Nothing is said on the connection of a CA. */
  #show(identity: ServerIdentity, begun: Buffer): void {
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

  #pass(proxy: ProtocolProxy | undefined, received: Buffer): void {
    this.client.connection.pause();
    this.#state = 'handed on';
    this.#release();
    passOn(this.#context, this.client, proxy, received);
  }

  #handOn(connection: TlsConnection, certificate: ServerCertificate): void {
    const rule = this.#rule;
    const negotiated = { serverName: this.#serverName, certificate, rule };
    const client = securedClient(this.#context, this.client, connection, negotiated);
    if (typeof client === 'string') return this.#refuseOpen(connection, client);
    this.#context.onHandshake?.(client.tls?.resumed === true ? 'resumed' : 'full');
    this.#state = 'handed on';
    this.#release();
    handOn(this.#context, this.client.connection, connection, client, { rule, refusal: this.#refusal });
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
    this.#sendLast(PLAIN_HTTP_ANSWER);
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
    if (isOver(this.#state)) return;
    this.#state = 'closed';
    this.#context.proxy.places?.leave(this.client.connection);
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
