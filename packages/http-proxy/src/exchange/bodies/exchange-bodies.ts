import { type FilterBody, type ProxyError, Timeout, type Timers, toProxyError, wholeBodies } from '@inband/core';
import type { BodySink } from '../../message/body/body-sink.ts';
import { Field } from '../../message/field-names.ts';
import type { RequestHead } from '../../message/head/request-head.ts';
import type { ResponseHead } from '../../message/head/response-head.ts';
import type { ClientSide } from '../../sides/client-side.ts';
import type { ServerSide } from '../../sides/server-side.ts';
import { type BodyChange, bytesOf, gathered, isWhole, only, through } from './body-changes.ts';
import { CollectingSink, type CollectLimit, discardingSink } from './body-sinks.ts';
import { FilteredBody } from './filtered-body.ts';

/** Milliseconds in which the rest of an answer that is dropped may come, so that its connection is used again. It may never end. */
const DROP_WITHIN = 1_000;

/** The exchange whose bodies are looked at. */
export interface BodyCall {
  readonly context: { readonly timers: Timers };
  readonly client: ClientSide;
  readonly server: ServerSide | undefined;
  readonly request: RequestHead;
  readonly session: { readonly signal: AbortSignal };
  /** The answer has come, and is kept back. */
  readonly answerIsKept: boolean;
  /** `sink` for the request's body, with the limits of the exchange. */
  limitRequest(sink: BodySink): BodySink;
  /** The rest of the request's body is waited for. */
  expectRequest(): void;
  fail(error: ProxyError): void;
  /** Part of an answer that is changed was written. */
  changedAnswerMoved(): void;
  /** An answer that is changed was written whole. */
  changedAnswerEnded(): void;
}

/** What becomes of one body: other bytes, or what is made of those that come. */
class ChangedBody {
  bytes: Buffer | undefined = undefined;
  changes: BodyChange[] = [];
  isChanged = false;

  change(body: FilterBody, errorOf: BodyChange['errorOf']): void {
    this.isChanged = true;
    if (!isWhole(body)) return void this.changes.push({ make: body, errorOf });
    this.bytes = bytesOf(body);
    this.changes = [];
  }

  /** The whole body, as it has become. `collect` reads the one that comes. */
  async whole(collect: () => Promise<Buffer>, { most, tooBig }: CollectLimit, signal: AbortSignal): Promise<Buffer> {
    const bytes = this.bytes ?? (await collect());
    const { changes } = this;
    const whole = changes.length === 0 ? bytes : await gathered(through(changes, only(bytes), signal), most, tooBig);
    if (whole.length > most) throw tooBig();
    this.bytes = whole;
    this.changes = [];
    return whole;
  }
}

/** The bodies of one exchange, where a step looks at them or changes them. Made for those exchanges only. */
export class ExchangeBodies {
  readonly #call: BodyCall;
  readonly #request = new ChangedBody();
  readonly #answer = new ChangedBody();
  /** The client's body was asked for already. */
  #isTaken = false;
  #toServer: FilteredBody | undefined = undefined;
  #toClient: FilteredBody | undefined = undefined;
  #collecting: CollectingSink | undefined = undefined;
  #isCollected = false;
  /** Bytes of bodies that were read whole. */
  #kept = 0;
  #isClosed = false;
  /** Runs while the client has all that it is to have, and the rest of what the server sends is dropped. */
  #dropping: Timeout | undefined = undefined;
  /** What `responseEnded` said, while the changed answer is still being written. */
  #ended: { readonly isClean: boolean } | undefined = undefined;

  constructor(call: BodyCall) {
    this.#call = call;
  }

  /** Counts bytes that are here until the exchange ends. */
  readonly #keep = (bytes: number): void => {
    if (this.#isClosed) return;
    this.#kept += bytes;
    wholeBodies.add(bytes);
  };

  // ---- the request

  /** Reads the whole content of the request, before it is sent. */
  wholeRequest(limit: CollectLimit): Promise<Buffer> {
    return this.#request.whole(() => this.#collectRequest(limit), limit, this.#call.session.signal);
  }

  async #collectRequest(limit: CollectLimit): Promise<Buffer> {
    const { request, client } = this.#call;
    if (request.contentLength > limit.most) throw limit.tooBig();
    request.dropAll(Field.trailer);
    const sink = new CollectingSink(limit, this.#keep);
    this.#take(sink);
    client.takeAhead();
    const whole = await sink.whole;
    client.timer.start('connect');
    return whole;
  }

  /** Has the client send its body to `sink`. It need not wait for the server's word any more. */
  #take(sink: BodySink): void {
    const { request, client } = this.#call;
    if (request.expectContinue) {
      request.expectContinue = false;
      request.drop(request.indexOf(Field.expect));
      client.askForBody();
    }
    this.#isTaken = true;
    client.timer.expectBody();
    client.giveBody(this.#call.limitRequest(sink), false);
    this.#call.expectRequest();
  }

  /** Whether the client's body goes elsewhere than to the server, which gets another one or what was read. */
  get takesRequest(): boolean {
    return this.#isTaken || this.#request.bytes !== undefined;
  }

  changeRequest(body: FilterBody, errorOf: BodyChange['errorOf']): void {
    const { request } = this.#call;
    // There is nothing to change.
    if (!request.hasBody && !isWhole(body)) return;
    this.#request.change(body, errorOf);
    request.dropAll(Field.trailer);
    const { bytes } = this.#request;
    request.chunked = !isWhole(body);
    request.contentLength = isWhole(body) && bytes !== undefined ? bytes.length : -1;
  }

  /** Sends the body to the server. Returns how many bytes of the client's were given at once. */
  giveRequest(sink: BodySink, keep: boolean): number {
    const { client } = this.#call;
    const { bytes, changes } = this.#request;
    if (bytes === undefined && changes.length === 0) return client.giveBody(sink, keep);
    if (!this.#isTaken && bytes !== undefined) this.#take(discardingSink);
    const target = changes.length === 0 ? sink : this.#filter(sink, changes);
    if (bytes === undefined) return client.giveBody(target, false);
    if (bytes.length > 0) target.pass(bytes, 0, bytes.length);
    target.end(undefined);
    return 0;
  }

  /** Whether the server can be sent the same body again: it is here as a whole, and nothing waits for its turn, or the client's side has kept it. */
  get requestIsKept(): boolean {
    const { bytes, changes } = this.#request;
    const { client } = this.#call;
    return changes.length === 0 && (bytes === undefined ? client.bodyIsKept : client.requestComplete);
  }

  #filter(sink: BodySink, changes: readonly BodyChange[]): FilteredBody {
    const call = this.#call;
    this.#toServer = new FilteredBody(changes, sink, {
      wanted: () => call.client.resumeBody(),
      moved: () => undefined,
      finished: () => undefined,
      failed: (error) => call.fail(toProxyError(error)),
    });
    return this.#toServer;
  }

  /** Whether the server has got all of the request, or gets it as the client sends it. */
  get isSent(): boolean {
    return this.#toServer === undefined || this.#toServer.isOver;
  }

  /** Returns whether that was for a body that is changed. */
  serverDrained(): boolean {
    this.#toServer?.drained();
    return this.#toServer !== undefined;
  }

  // ---- the answer

  /** Reads the whole content of the answer, before anything of it is sent. */
  wholeAnswer(limit: CollectLimit): Promise<Buffer> {
    const collect = (): Promise<Buffer> => {
      const sink = new CollectingSink(limit, this.#keep);
      this.#collecting = sink;
      this.#isCollected = true;
      if (this.#call.answerIsKept) this.#call.server?.giveAnswer();
      return sink.whole;
    };
    return this.#answer.whole(collect, limit, this.#call.session.signal);
  }

  /** Whether the answer was read whole before it was given to the client. */
  get isCollected(): boolean {
    return this.#isCollected;
  }

  /** Gets the answer while it is collected. */
  get collecting(): BodySink | undefined {
    return this.#collecting;
  }

  changeAnswer(body: FilterBody, errorOf: BodyChange['errorOf']): void {
    this.#answer.change(body, errorOf);
  }

  /** Gives the head of the answer the length that its content will have. To be called before it is written. */
  frameAnswer(head: ResponseHead): void {
    const { bytes, changes, isChanged } = this.#answer;
    if (!isChanged && !this.#isCollected) return;
    // What there is to say of a HEAD is said of the content that a GET would get.
    if (!isChanged && !head.mayHaveContent) return;
    // Trailers are of the body that came, and are dropped with it.
    head.dropAll(Field.trailer);
    head.contentLength = changes.length === 0 && bytes !== undefined ? bytes.length : -1;
    if (head.mayHaveContent) head.framing = framingOf(head.contentLength);
  }

  /**
   * What gets the content that still comes from the server. The head of the answer was written to `sink`, which gets what the client is to have.
   */
  giveAnswer(sink: BodySink, head: ResponseHead): BodySink {
    this.#collecting = undefined;
    const { bytes, changes } = this.#answer;
    if (!head.mayHaveContent) {
      if (this.#isCollected) sink.end(undefined);
      return sink;
    }
    const target = changes.length === 0 ? sink : this.#filterAnswer(sink, changes);
    if (bytes === undefined) return target;
    if (bytes.length > 0) target.pass(bytes, 0, bytes.length);
    target.end(undefined);
    if (changes.length === 0 && !this.#isCollected) this.#dropRest();
    return discardingSink;
  }

  #dropRest(): void {
    this.#dropping = new Timeout(() => this.#call.changedAnswerEnded());
    this.#dropping.start(this.#call.context.timers.list(DROP_WITHIN));
  }

  #filterAnswer(sink: BodySink, changes: readonly BodyChange[]): FilteredBody {
    const call = this.#call;
    this.#toClient = new FilteredBody(changes, sink, {
      wanted: () => call.server?.resume(),
      moved: () => call.changedAnswerMoved(),
      finished: () => call.changedAnswerEnded(),
      failed: (error) => call.fail(toProxyError(error)),
    });
    return this.#toClient;
  }

  /** Returns whether the end of the answer waits for what is made of it. */
  holdsEnd(isClean: boolean): boolean {
    if (this.#collecting === undefined && this.#toClient?.isOver !== false) return false;
    // What comes behind it makes it unclean.
    this.#ended = { isClean: isClean && this.#ended === undefined };
    return true;
  }

  /** Whether what is made of the answer is still being written. */
  get isChanging(): boolean {
    return this.#toClient?.isOver === false;
  }

  /** Whether what comes from the server is not for the client as it is. */
  get withholds(): boolean {
    return this.#collecting !== undefined || this.isChanging;
  }

  /** Whether the server's answer has come whole, and nothing behind it. */
  get cleanEnd(): boolean | undefined {
    return this.#ended?.isClean;
  }

  /** Whether the client has got all that it is to have, whatever becomes of the server. */
  get isAnswered(): boolean {
    return this.#dropping !== undefined;
  }

  /** Returns whether that was for a body that is changed. */
  clientDrained(): boolean {
    this.#toClient?.drained();
    return this.#toClient !== undefined;
  }

  close(): void {
    this.#isClosed = true;
    wholeBodies.add(-this.#kept);
    this.#kept = 0;
    this.#toServer?.close();
    this.#toClient?.close();
    this.#dropping?.cancel();
  }
}

function framingOf(length: number): 'none' | 'length' | 'chunked' {
  if (length < 0) return 'chunked';
  return length === 0 ? 'none' : 'length';
}
