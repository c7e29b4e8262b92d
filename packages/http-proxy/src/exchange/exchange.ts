import {
  BoundServers,
  boundServersOf,
  DefectError,
  releaseServer,
  ignoreEvents,
  isPromise,
  ProxyError,
  Relay,
  Session,
  sessionWriter,
  toProxyError,
  iterationTime,
  type ConnectionHandler,
  type Holder,
  type MaybePromise,
  type Route,
  type ServerConnection,
} from '@inband/core';
import { admit } from './admission.ts';
import { NO_AUTHORITY, reachedAt } from '../message/authority.ts';
import { BodyRelay } from '../message/body/body-relay.ts';
import { checkChunks } from '../message/body/chunk-check.ts';
import type { ClientSide, Waiting } from '../client/client-side.ts';
import { answersRequest, requestBodyError, responseBodyError, timeoutError } from './exchange-errors.ts';
import { badRequest, badResponse, responseFault } from '../message/head/faults.ts';
import { FAULT, MORE, type HeadReader } from '../message/head/head-reader.ts';
import { httpDateLine } from '../message/http-date.ts';
import { localAnswer } from '../answers/local-answers.ts';
import { isIdempotent } from '../message/methods.ts';
import { repairNames } from '../message/repairs.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { KeptBody, MOST_KEPT, MOST_RETRIES, mayBeSentTwice, SURELY_ALIVE } from '../server/retry.ts';
import { HEAD_AT, sendBuffer } from '../message/send-buffer.ts';
import { writeRequestHead, writeResponseHead } from '../message/head/serialise.ts';
import { Tunnel } from './tunnel.ts';
import { switchesAsAsked } from '../message/head/upgrade.ts';
import { Literal } from '../message/words.ts';

/**
 * Where one request stands.
 * - `connecting`: understood and allowed; the chainer is looking for a server.
 * - `sending`: a server connection is ours; the request goes up, the response comes down, possibly at once.
 * - `tunnel`: a relay carries bytes that are not ours to understand, and a {@link Tunnel} sees to its end.
 * - `over`: answered, failed or abandoned.
 */
type Phase = 'connecting' | 'sending' | 'tunnel' | 'over';

/** A client that sends fewer bytes of its body than this within `bodyTimeout` makes no progress. */
const PROGRESS = 256;
/** Interim responses to one request before the server is taken to be broken. */
const MAX_INTERIM = 64;
const NOTHING = Buffer.alloc(0);

/**
 * One request and its response. Owns the server connection from the chainer's answer until it is released,
 * destroyed or handed to a relay; is its handler for that time.
 */
export class Exchange implements ConnectionHandler, Holder {
  readonly method: string;
  readonly session: Session;
  #route: Route | undefined = undefined;

  readonly #client: ClientSide;
  /** Keeps the request head until the response has begun: for a retry, and for the wording of errors. */
  #request: HeadReader<RequestHead> | undefined;
  #response: HeadReader<ResponseHead> | undefined = undefined;
  #phase: Phase = 'connecting';
  #server: ServerConnection | undefined = undefined;
  #up: BodyRelay | undefined = undefined;
  #down: BodyRelay | undefined = undefined;
  /** Bytes of the request body since its timeout was last moved. */
  #progress = 0;
  #interims = 0;
  /** The response head's own timeout runs. */
  #headTimeout = false;
  /** Anything at all came from the server. */
  #answered = false;
  #keepAlive = false;
  /**
   * The client said that it sends nothing after this request (RFC 9112 section 9.6). Behind a body some send an empty line
   * all the same.
   */
  #isLast = false;
  #serverReusable = false;
  /** What was mended in the heads of the answer and the interim ones before it, flags of `Repair`. */
  #repairs = 0;
  /** Milliseconds for which the server keeps its connection. */
  #keepFor = Infinity;
  /** What was sent of the body, where the request may be sent again. */
  #kept: KeptBody | undefined = undefined;
  #retries = 0;
  #reused = false;
  /** The server connection belonged to this client before. */
  #wasBound = false;
  #status = 0;
  readonly #clientMinor: number;
  readonly #url: string | undefined;
  readonly #begun: number;
  #waited: number | undefined = undefined;

  constructor(client: ClientSide, request: HeadReader<RequestHead>) {
    const { head } = request;
    const logged = client.context.onSession !== undefined;
    this.#client = client;
    this.#request = request;
    this.method = head.method;
    this.session = new Session(client.client, client.context.service);
    sessionWriter.setMethod(this.session, head.method);
    this.#clientMinor = head.minor;
    this.#url = logged ? head.url : undefined;
    this.#begun = logged ? iterationTime() : 0;
  }

  /** Whether bytes from the client belong to this request's body, now. */
  get wantsBody(): boolean {
    return this.#phase === 'sending' && this.#up?.complete === false;
  }

  /** The server does not keep up with the request body: the client must wait. */
  get serverFull(): boolean {
    return this.#up?.full === true && !this.#up.complete;
  }

  /**
   * Serves the request; `bytes[at..end)` is what the client sent behind its head. Returns the position after what
   * belonged to the request and could be taken.
   */
  begin(bytes: Buffer, at: number, end: number): number {
    const { head } = this.#request!;
    const { context } = this.#client;
    try {
      this.#keepAlive = !head.close;
      this.#isLast = head.isLast && !head.hasBody;
      const close = head.close || head.hasBody;
      const answer = localAnswer(head, context.service.mode, context.options.via, close);
      if (answer !== undefined) {
        this.#answerLocally(answer, !close);
        return at;
      }
      const route = (this.#route = admit(this.#client, this.session, head));
      if (head.method === 'CONNECT') this.session.requireFreshServer();
      else if (!mayBeSentTwice(head)) this.#takeNoRisk();
      this.#checkBody(bytes, at, end);
      return this.#connect(route, bytes, at, end);
    } catch (error) {
      this.#fail(toProxyError(error));
      return at;
    }
  }

  /** What has come of a body in chunks is looked at before anything is sent. */
  #checkBody(bytes: Buffer, at: number, end: number): void {
    if (at >= end || !this.#request!.head.chunked) return;
    const { requestBodies, options } = this.#client.context;
    try {
      checkChunks(bytes, at, end, requestBodies.chunked);
    } catch (error) {
      throw requestBodyError(error, options);
    }
  }

  /** What cannot be sent twice is not sent where nobody may listen any more. */
  #takeNoRisk(): void {
    if (this.#client.requests === 1) this.session.requireFreshServer();
    else sessionWriter.limitIdleTime(this.session, SURELY_ALIVE);
  }

  /** Takes bytes of the request body; returns the position after them. */
  requestBody(bytes: Buffer, at: number, end: number): number {
    try {
      const up = this.#up!;
      const server = this.#server!.connection;
      const stop = up.feed(bytes, at, end, server);
      this.#kept?.append(bytes, at, stop);
      this.#bodyMoved(stop - at);
      if (up.bulk > 0) this.#client.connection.forward?.(server, up.bulk);
      return stop;
    } catch (error) {
      this.#fail(requestBodyError(error, this.#client.context.options));
      return end;
    }
  }

  /** Bytes of the request body went straight to the server. */
  requestForwarded(bytes: number): void {
    if (this.#phase !== 'sending') return;
    try {
      this.#up!.forwarded(bytes);
      this.#bodyMoved(bytes);
    } catch (error) {
      this.#fail(requestBodyError(error, this.#client.context.options));
    }
  }

  clientDrained(): void {
    if (this.#phase !== 'sending' || this.#down === undefined) return;
    this.#down.full = false;
    this.#client.waitForResponseBody();
    this.#server!.connection.resume();
  }

  /** The client finished sending: fine between messages, not within one. */
  clientEnded(): void {
    if (this.#phase === 'over') return;
    const wantsMore = this.#up === undefined ? this.#request!.head.hasBody : !this.#up.complete;
    // Before there is a server, also before there is another one, the rest may wait for its turn.
    const mayHaveCome = this.#phase === 'connecting' && this.#client.ahead !== undefined;
    if (wantsMore && !mayHaveCome) return this.#fail(badRequest('The request ended in the middle of its body.'));
    if (this.#down === undefined) this.#client.waitHalfClosed();
    else this.#client.waitForResponseBody();
  }

  clientClosed(): void {
    if (this.#phase === 'over' || this.#phase === 'tunnel') return;
    this.#end(undefined, true);
    this.#releaseServer(false);
  }

  expired(waiting: Waiting): void {
    const queued = { client: this.#client.connection.queued, server: this.#server?.connection.queued ?? 0 };
    this.#fail(timeoutError(waiting, this.#client.context, queued));
  }

  // ---- the server's side: ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    if (!this.#answered) {
      this.#answered = true;
      if (this.#begun > 0) this.#waited = iterationTime() - this.#begun;
    }
    try {
      let at = start;
      while (at < end && this.#phase === 'sending') {
        if (this.#down === undefined) at = this.#readResponseHead(bytes, at, end);
        else at = this.#responseBody(this.#down, bytes, at, end, HEAD_AT);
        if (this.#down?.complete === true && this.#phase === 'sending') return this.#complete(at < end);
      }
    } catch (error) {
      this.#fail(responseBodyError(error));
    }
  }

  /** Bytes of the response body went straight to the client. */
  forwarded(bytes: number): void {
    const down = this.#down;
    if (this.#phase !== 'sending' || down === undefined) return;
    down.forwarded(bytes);
    if (down.complete) this.#complete(false);
    else this.#client.waitForResponseBody();
  }

  /** The server keeps up again with the request body. */
  drained(): void {
    if (this.#up === undefined || this.#phase !== 'sending') return;
    this.#up.full = false;
    if (this.#up.complete) return;
    this.#client.wait(this.#client.context.waits.requestBody, 'request-body');
    this.#client.connection.resume();
  }

  ended(): void {
    this.#serverEnded(undefined);
  }

  closed(error?: Error): void {
    this.#serverEnded(error);
  }

  // ---- towards the server

  #connect(route: Route, bytes: Buffer, at: number, end: number): number {
    const { host, port } = this.session.target!;
    this.#phase = 'connecting';
    const result = this.#ask(route, host, port);
    if (!isPromise(result)) return this.#connected(result, bytes, at, end);
    this.#request!.retain();
    this.#client.wait(this.#client.context.waits.response, 'connect');
    result.then(
      (server) => this.#arrived(server),
      (error: unknown) => {
        if (this.#phase === 'connecting') this.#fail(toProxyError(error));
      },
    );
    return at;
  }

  /** The server connection that was waited for. */
  #arrived(server: ServerConnection): void {
    if (this.#phase !== 'connecting') return server.destroy();
    try {
      const { ahead } = this.#client;
      // Of a body that is sent again the beginning was looked at; what waits is its rest.
      if (ahead !== undefined && this.#up === undefined) this.#checkBody(ahead, 0, ahead.length);
    } catch (error) {
      server.destroy();
      return this.#fail(toProxyError(error));
    }
    try {
      const body = this.#kept?.bytes ?? NOTHING;
      this.#connected(server, body, 0, body.length);
      if ((this.#phase as Phase) === 'sending') this.#client.bodyWanted();
    } catch (error) {
      this.#fail(toProxyError(error));
    }
  }

  /** A plugin's chainer may throw where it should reject. */
  #ask(route: Route, host: string, port: number): MaybePromise<ServerConnection> {
    try {
      const bound = boundServersOf(this.session.client)?.acquire(this.session);
      return bound ?? route.chainer.connectServer(this.session, host, port);
    } catch (error) {
      return Promise.reject(toProxyError(error));
    }
  }

  #connected(server: ServerConnection, bytes: Buffer, at: number, end: number): number {
    if (typeof server?.connection?.write !== 'function') {
      const kind = this.session.route?.chainer.kind;
      throw new ProxyError('proxy_internal_error', `The chainer "${kind}" did not give a server connection.`);
    }
    this.#server = server;
    this.#reused = server.reused;
    this.#wasBound = server.belongsToClient === true;
    sessionWriter.setConnected(this.session, true);
    server.connection.handler = this;
    if (this.method === 'CONNECT') {
      this.#establish(bytes, at, end);
      return end;
    }
    this.#phase = 'sending';
    try {
      return this.#send(bytes, at, end);
    } catch (error) {
      this.#fail(requestBodyError(error, this.#client.context.options));
      return at;
    }
  }

  #send(bytes: Buffer, at: number, end: number): number {
    const { head } = this.#request!;
    const { context, forwardedLines } = this.#client;
    const { connection } = this.#server!;
    if (head.logsIn) this.#server = BoundServers.bind(this.session, this.#server!);
    const framing = head.chunked ? 'chunked' : head.contentLength > 0 ? 'length' : 'none';
    const up = new BodyRelay(context.requestBodies[framing], head.contentLength);
    this.#up = up;
    const headEnd = writeRequestHead(head, {
      via: context.via,
      forwarded: forwardedLines?.for(head.authority!),
      host: head.authority === NO_AUTHORITY ? new Literal(reachedAt(this.#client.client.local)) : undefined,
    });
    const stop = up.feed(bytes, at, end, connection, headEnd);
    if (head.hasBody) this.#keepBody(head, bytes, at, stop);
    this.#request!.retain();
    this.#progress = PROGRESS;
    this.#bodyMoved(stop - at);
    connection.resume();
    return stop;
  }

  /** Only where the request may be sent again, to a fresh connection or to another server. */
  #keepBody(head: RequestHead, bytes: Buffer, start: number, end: number): void {
    // Sent again: it is what was kept.
    if (this.#kept !== undefined || !isIdempotent(head.method) || head.contentLength > MOST_KEPT) return;
    if (!this.#reused && this.#route!.chainer.serverFailed === undefined) return;
    this.#kept = new KeptBody();
    this.#kept.append(bytes, start, end);
  }

  #bodyMoved(bytes: number): void {
    const up = this.#up!;
    const { waits } = this.#client.context;
    if (up.complete) {
      if (this.#down !== undefined) return;
      // The time for connecting and the time to the first byte of the response are one.
      if (this.#client.isWaitingFor('connect')) this.#client.nowWaitingFor('response');
      else this.#client.wait(waits.response, 'response');
      return;
    }
    this.#progress += bytes;
    if (this.#progress >= PROGRESS) {
      this.#progress = 0;
      this.#client.wait(waits.requestBody, 'request-body');
    }
    if (up.full) this.#client.connection.pause();
  }

  // ---- towards the client

  #readResponseHead(bytes: Buffer, at: number, end: number): number {
    const { context } = this.#client;
    const reader = (this.#response ??= context.responseReaders.take(context.responseLimits));
    const { head } = reader;
    const stop = reader.read(bytes, at, end);
    if (stop === FAULT) throw responseFault(head.fault);
    if (stop === MORE) {
      this.#waitForHead();
      context.waitingBytes.holdHead(this, reader.capacity);
      return end;
    }
    if (this.#headTimeout) context.waitingBytes.dropHead(this);
    head.understand(this.method, context.options.strict);
    if (head.status === 408 && this.#isLateTimeout(head)) {
      this.#lost(undefined);
      return end;
    }
    this.#repairs |= head.repairs;
    if (head.word.logsIn) this.#server = BoundServers.bind(this.session, this.#server!);
    if (head.interim) return this.#interim(reader, bytes, stop, end);
    return this.#beginResponse(reader, bytes, stop, end);
  }

  /** @internal Too many bytes wait, and those of this answer's head are to go. */
  giveUp(error: ProxyError): void {
    this.#fail(error);
  }

  /**
   * The server gave the connection up while it was idle, and said so before it heard of this request: the same as if it had
   * just closed it. Of a request that is still being sent it may have had enough.
   */
  #isLateTimeout(head: ResponseHead): boolean {
    return this.#reused && head.close && this.#interims === 0 && this.#up!.complete;
  }

  /** From the head's first byte on; later pieces do not move the timeout. */
  #waitForHead(): void {
    if (this.#headTimeout) return;
    this.#headTimeout = true;
    this.#client.wait(this.#client.context.waits.header, 'response-head');
  }

  #interim(reader: HeadReader<ResponseHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = reader;
    const { context, connection } = this.#client;
    if (head.status === 101) {
      this.#switch(head, bytes, at, end);
      return end;
    }
    if (++this.#interims > MAX_INTERIM) throw badResponse('The server keeps sending interim responses.');
    if (this.#clientMinor === 1) {
      const headEnd = writeResponseHead(head, { via: context.via, date: httpDateLine, framing: 'none', close: false });
      connection.write(sendBuffer(0), HEAD_AT, headEnd);
    }
    reader.begin(context.responseLimits);
    this.#headTimeout = false;
    if (this.#up!.complete) this.#client.wait(context.waits.response, 'response');
    else this.#client.wait(context.waits.requestBody, 'request-body');
    return at;
  }

  #beginResponse(reader: HeadReader<ResponseHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = reader;
    const { context } = this.#client;
    const framing = this.#framingFor(head);
    // A request that is still coming in cannot be followed by another: after an early answer the connection closes.
    if (!this.#up!.complete || framing === 'close' || this.#client.closing) this.#keepAlive = false;
    this.#serverReusable = !head.close && this.#repairs === 0;
    // Picked up from the proxy around this one: what this connection cannot serve, nobody can.
    if (!this.#serverReusable && this.#server!.irreplaceable === true) this.#keepAlive = false;
    this.#keepFor = head.word.keepFor;
    this.#status = head.status;
    const sink = framing === 'chunked' ? 'chunked' : 'raw';
    const down = new BodyRelay(context.responseBodies[sink][head.framing], head.contentLength);
    this.#down = down;
    const close = !this.#keepAlive;
    const sessionLogins = head.word.challenges && context.service.mode === 'forward';
    const headEnd = writeResponseHead(head, { via: context.via, date: httpDateLine, framing, close, sessionLogins });
    const stop = this.#responseBody(down, bytes, at, end, headEnd);
    this.#releaseReaders();
    return stop;
  }

  /** HTTP/1.0 knows no chunks: what has no length ends with the connection there. */
  #framingFor(head: ResponseHead): 'none' | 'length' | 'chunked' | 'close' {
    if (head.framing !== 'chunked' && head.framing !== 'close') return head.framing;
    return this.#clientMinor === 1 ? 'chunked' : 'close';
  }

  #responseBody(down: BodyRelay, bytes: Buffer, at: number, end: number, headEnd: number): number {
    const stop = down.feed(bytes, at, end, this.#client.connection, headEnd);
    if (down.complete) return stop;
    this.#client.waitForResponseBody();
    const server = this.#server!.connection;
    if (down.full) server.pause();
    else if (down.bulk > 0) server.forward?.(this.#client.connection, down.bulk);
    return stop;
  }

  #complete(leftover: boolean): void {
    const server = this.#server!;
    const down = this.#down!;
    const whole = this.#up!.complete;
    const flushed = !down.full;
    if (down.repairs !== 0) {
      // Only now is it known that this connection serves nobody again.
      this.#serverReusable = false;
      if (server.irreplaceable === true) this.#keepAlive = false;
    }
    this.#end(undefined, false);
    const isClean = whole && this.#serverReusable && !leftover && server.connection.queued === 0;
    this.#releaseServer(isClean);
    this.#client.exchangeDone(this.#keepAlive && whole, flushed, this.#isLast && whole);
  }

  #answerLocally(answer: Buffer, keepAlive: boolean): void {
    this.#status = 200;
    const flushed = this.#client.connection.write(answer);
    this.#end(undefined, false);
    this.#client.exchangeDone(keepAlive, flushed);
  }

  // ---- tunnels

  /** CONNECT: the response that opens the tunnel (RFC 9110 section 9.3.6), without any framing. */
  #establish(bytes: Buffer, at: number, end: number): void {
    const { connection, context } = this.#client;
    this.#status = 200;
    connection.write(context.established.bytes);
    this.#tunnel(at < end ? Buffer.from(bytes.subarray(at, end)) : undefined, undefined);
  }

  /** 101: the server speaks something else from here on, if the client asked for it. */
  #switch(head: ResponseHead, bytes: Buffer, at: number, end: number): void {
    const { context, connection } = this.#client;
    if (!this.#up!.complete || !switchesAsAsked(this.#request!.head, head)) {
      throw new ProxyError('http_upgrade_failed', 'The server switched to a protocol that was not asked for.');
    }
    this.#status = 101;
    const headEnd = writeResponseHead(head, { via: context.via, date: httpDateLine, framing: 'none', close: false });
    connection.write(sendBuffer(0), HEAD_AT, headEnd);
    this.#tunnel(undefined, Buffer.from(bytes.subarray(at, end)));
  }

  #tunnel(fromClient: Buffer | undefined, fromServer: Buffer | undefined): void {
    const client = this.#client;
    const server = this.#server!;
    this.#phase = 'tunnel';
    this.#releaseReaders();
    client.becomeTunnel();
    const tunnel = new Tunnel(client, server, {
      session: this.session,
      url: this.#url,
      status: this.#status,
      begun: this.#begun,
      wait: this.#waited,
      reused: this.#reused,
      repaired: repairNames(this.#repairs),
    });
    const relay = new Relay(client.connection, server.connection, tunnel);
    relay.start({ fromClient: fromClient ?? client.takeAhead(), fromServer, clientEnded: client.hasEnded });
  }

  // ---- failures

  #serverEnded(error: Error | undefined): void {
    if (this.#phase !== 'sending') return;
    const down = this.#down;
    if (down !== undefined) {
      if (error === undefined && down.finish(this.#client.connection)) return this.#complete(false);
      return this.#fail(new ProxyError('http_response_incomplete', 'The response ended before it was complete.'));
    }
    if (!this.#answered) return this.#lost(error);
    const message = 'The server closed the connection in the middle of its response head.';
    const address = this.#server!.remote;
    this.#fail(new ProxyError('connection_terminated', message, { address, cause: error }));
  }

  /**
   * The server closed the connection, and nothing was answered. One that was reused the server may have closed at the very
   * moment it was used: another one is asked for. Else the server has failed, and the chainer may know another.
   */
  #lost(cause: Error | undefined): void {
    if (this.#isOnlyOne()) return this.#hangUp(cause);
    const address = this.#server!.remote;
    const message = 'The server closed the connection without a response.';
    const error = new ProxyError('connection_terminated', message, { address, cause });
    try {
      const another = this.#reused || this.#route!.chainer.serverFailed?.(this.session, error) === true;
      if (another && this.#maySendAgain()) this.#retry();
      else this.#fail(error);
    } catch (defect) {
      this.#fail(toProxyError(defect));
    }
  }

  /** No other connection would do: this proxy is stacked in another, or the request goes on with a login on this one. */
  #isOnlyOne(): boolean {
    if (!this.#reused) return false;
    return this.#server!.irreplaceable === true || (this.#wasBound && this.#request!.head.logsIn);
  }

  /** Where there is no other: the client sees what it would see without us, and knows best whether to try again. */
  #hangUp(cause: Error | undefined): void {
    const address = this.#server!.remote;
    const message = 'The server closed the connection instead of answering another request.';
    this.#end(new ProxyError('connection_terminated', message, { address, cause }), false);
    this.#server!.destroy();
    this.#client.destroy();
  }

  /** What had no effect yet, or would have the same effect twice (RFC 9110 section 9.2.2), and is still there. */
  #maySendAgain(): boolean {
    if (!isIdempotent(this.method) || this.#retries >= MOST_RETRIES) return false;
    return !this.#request!.head.hasBody || this.#kept?.overflown === false;
  }

  /** On a fresh connection, because another idle one may be as dead. Throws what is wrong with it. */
  #retry(): void {
    this.#retries += 1;
    // A plugin's may say that it is closed only after this; that is no news of the next one.
    this.#server!.connection.handler = ignoreEvents;
    this.#server!.destroy();
    this.#server = undefined;
    this.#releaseResponse();
    this.#headTimeout = false;
    this.#answered = false;
    this.session.requireFreshServer();
    sessionWriter.setConnected(this.session, false);
    const body = this.#kept?.bytes ?? NOTHING;
    this.#connect(this.#route!, body, 0, body.length);
    if (this.#phase === 'sending') this.#client.bodyWanted();
  }

  /** The one way out that is not an answer of the server: an answer of our own, or an abort if one has begun. */
  #fail(error: ProxyError): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'tunnel') {
      // The relay could not begin, and has destroyed what it owns.
      this.#client.context.logger.error({ err: error }, 'defect while a tunnel was opened');
      return;
    }
    if (error instanceof DefectError) {
      this.#client.context.logger.error({ err: error.cause }, 'defect while serving a request');
    }
    const begun = this.#down?.begun === true;
    if (!begun) this.#status = error.status;
    const html = this.#request !== undefined && this.#request.head.prefersHtml;
    const keepAlive = this.#staysOpenAfter(error);
    this.#end(error, false);
    this.#releaseServer(false, error);
    sessionWriter.abort(this.session);
    if (begun) this.#client.destroy(error);
    else this.#client.fail(error, { method: this.method, html }, this.#settingPath(error), keepAlive);
  }

  /** The client may go on behind an error of ours if nothing of this request is still to come: ADR 0019. */
  #staysOpenAfter(error: ProxyError): boolean {
    if (!this.#keepAlive || this.#client.closing || !answersRequest(error)) return false;
    // An answer that had begun at the server has failed, though nothing of it has left.
    if (this.#down !== undefined) return false;
    // Behind it may be what was meant for the tunnel.
    if (this.method === 'CONNECT') return false;
    // Stacked in another proxy, it cannot connect again.
    if (this.#server !== undefined && this.session.serverStream !== undefined) return false;
    return this.#up === undefined ? !this.#request!.head.hasBody : this.#up.complete;
  }

  #releaseServer(isClean: boolean, error?: Error): void {
    if (this.#server !== undefined)
      releaseServer(this.#server, isClean, this.#client.context.logger, error, this.#keepFor);
  }

  #settingPath(error: ProxyError): string | undefined {
    const { setting } = error;
    return setting?.startsWith('chainer.') === true ? `${this.session.route?.name ?? 'routes[]'}.${setting}` : setting;
  }

  #end(error: ProxyError | undefined, aborted: boolean): void {
    this.#phase = 'over';
    if (aborted) sessionWriter.abort(this.session);
    this.#releaseReaders();
    this.#record(error, aborted, this.#up?.content ?? 0, this.#down?.content ?? 0);
  }

  #releaseReaders(): void {
    const { context } = this.#client;
    if (this.#request !== undefined) context.requestReaders.give(this.#request);
    this.#request = undefined;
    this.#releaseResponse();
  }

  #releaseResponse(): void {
    if (this.#response === undefined) return;
    const { context } = this.#client;
    // While a part of it is kept.
    if (this.#headTimeout) context.waitingBytes.dropHead(this);
    context.responseReaders.give(this.#response);
    this.#response = undefined;
  }

  #record(error: ProxyError | undefined, aborted: boolean, bytesIn: number, bytesOut: number): void {
    this.#client.context.onSession?.({
      session: this.session,
      kind: 'request',
      url: this.#url,
      status: this.#status,
      bytesIn,
      bytesOut,
      duration: iterationTime() - this.#begun,
      wait: this.#waited,
      reused: this.#reused,
      error,
      aborted,
      repaired: repairNames(this.#repairs | (this.#down?.repairs ?? 0)),
    });
  }
}
