import { type FilterBody, Timeout, toProxyError } from '@inband/core';
import type { BodySink } from '../../message/body/body-sink.ts';
import { Field } from '../../message/field-names.ts';
import type { ResponseHead } from '../../message/head/response-head.ts';
import type { BodyCall } from './body-call.ts';
import type { BodyChange } from './body-changes.ts';
import { CollectingSink, type CollectLimit, discardingSink } from './body-sinks.ts';
import { ChangedBody } from './changed-body.ts';
import { FilteredBody } from './filtered-body.ts';

/** Milliseconds in which the rest of an answer that is dropped may come, so that its connection is used again. It may never end. */
const DROP_WITHIN = 1_000;

/** The body of an answer, on its way from the server to the client. */
export class SeenAnswer {
  readonly #call: BodyCall;
  /** Counts bytes that are here until the exchange ends. */
  readonly #keep: (bytes: number) => void;
  readonly #body = new ChangedBody();
  #toClient: FilteredBody | undefined = undefined;
  #collecting: CollectingSink | undefined = undefined;
  #isCollected = false;
  /** Runs while the client has all that it is to have, and the rest of what the server sends is dropped. */
  #dropping: Timeout | undefined = undefined;
  /** What `responseEnded` said, while the changed answer is still being written. */
  #ended: { readonly isClean: boolean } | undefined = undefined;

  constructor(call: BodyCall, keep: (bytes: number) => void) {
    this.#call = call;
    this.#keep = keep;
  }

  /** Reads the whole content, before anything of it is sent. */
  whole(limit: CollectLimit): Promise<Buffer> {
    const collect = (): Promise<Buffer> => {
      const sink = new CollectingSink(limit, this.#keep);
      this.#collecting = sink;
      this.#isCollected = true;
      if (this.#call.answerIsKept) this.#call.server?.giveAnswer();
      return sink.whole;
    };
    return this.#body.whole(collect, limit, this.#call.session.signal);
  }

  /** Whether it was read whole before it was given to the client. */
  get isCollected(): boolean {
    return this.#isCollected;
  }

  /** Gets the content while it is collected. */
  get collecting(): BodySink | undefined {
    return this.#collecting;
  }

  change(body: FilterBody, errorOf: BodyChange['errorOf']): void {
    this.#body.change(body, errorOf);
  }

  /** Gives the head of the answer the length that its content will have. To be called before it is written. */
  frame(head: ResponseHead): void {
    const { bytes, changes, isChanged } = this.#body;
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
  give(sink: BodySink, head: ResponseHead): BodySink {
    this.#collecting = undefined;
    const { bytes, changes } = this.#body;
    if (!head.mayHaveContent) {
      if (this.#isCollected) sink.end(undefined);
      return sink;
    }
    const target = changes.length === 0 ? sink : this.#filter(sink, changes);
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

  #filter(sink: BodySink, changes: readonly BodyChange[]): FilteredBody {
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

  /** Whether what is made of it is still being written. */
  get isChanging(): boolean {
    return this.#toClient?.isOver === false;
  }

  /** Whether what comes from the server is not for the client as it is. */
  get withholds(): boolean {
    return this.#collecting !== undefined || this.isChanging;
  }

  /** Whether it has come whole, and nothing behind it. */
  get cleanEnd(): boolean | undefined {
    return this.#ended?.isClean;
  }

  /** Whether the client has got all that it is to have, whatever becomes of the server. */
  get isDone(): boolean {
    return this.#dropping !== undefined;
  }

  /** Returns whether that was for a body that is changed. */
  clientDrained(): boolean {
    this.#toClient?.drained();
    return this.#toClient !== undefined;
  }

  close(): void {
    this.#toClient?.close();
    this.#dropping?.cancel();
  }
}

function framingOf(length: number): 'none' | 'length' | 'chunked' {
  if (length < 0) return 'chunked';
  return length === 0 ? 'none' : 'length';
}
