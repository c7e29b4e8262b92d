import { type FilterBody, toProxyError } from '@inband/core';
import type { BodySink } from '../../message/body/body-sink.ts';
import { Field } from '../../message/field-names.ts';
import type { BodyCall } from './body-call.ts';
import { type BodyChange, isWhole } from './body-changes.ts';
import { CollectingSink, type CollectLimit, discardingSink } from './body-sinks.ts';
import { ChangedBody } from './changed-body.ts';
import { FilteredBody } from './filtered-body.ts';

/** The body of a request, on its way from the client to the server. */
export class SeenRequest {
  readonly #call: BodyCall;
  /** Counts bytes that are here until the exchange ends. */
  readonly #keep: (bytes: number) => void;
  readonly #body = new ChangedBody();
  /** The client's body was asked for already. */
  #isTaken = false;
  #toServer: FilteredBody | undefined = undefined;

  constructor(call: BodyCall, keep: (bytes: number) => void) {
    this.#call = call;
    this.#keep = keep;
  }

  /** Reads the whole content, before it is sent. */
  whole(limit: CollectLimit): Promise<Buffer> {
    return this.#body.whole(() => this.#collect(limit), limit, this.#call.session.signal);
  }

  async #collect(limit: CollectLimit): Promise<Buffer> {
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
  get isTaken(): boolean {
    return this.#isTaken || this.#body.bytes !== undefined;
  }

  change(body: FilterBody, errorOf: BodyChange['errorOf']): void {
    const { request } = this.#call;
    // There is nothing to change.
    if (!request.hasBody && !isWhole(body)) return;
    this.#body.change(body, errorOf);
    request.dropAll(Field.trailer);
    const { bytes } = this.#body;
    request.chunked = !isWhole(body);
    request.contentLength = isWhole(body) && bytes !== undefined ? bytes.length : -1;
  }

  /** Sends the body to the server. Returns how many bytes of the client's were given at once. */
  give(sink: BodySink, keep: boolean): number {
    const { client } = this.#call;
    const { bytes, changes } = this.#body;
    if (bytes === undefined && changes.length === 0) return client.giveBody(sink, keep);
    if (!this.#isTaken && bytes !== undefined) this.#take(discardingSink);
    const target = changes.length === 0 ? sink : this.#filter(sink, changes);
    if (bytes === undefined) return client.giveBody(target, false);
    if (bytes.length > 0) target.pass(bytes, 0, bytes.length);
    target.end(undefined);
    return 0;
  }

  /** Whether the server can be sent the same body again: it is here as a whole, and nothing waits for its turn, or the client's side has kept it. */
  get isKept(): boolean {
    const { bytes, changes } = this.#body;
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

  close(): void {
    this.#toServer?.close();
  }
}
