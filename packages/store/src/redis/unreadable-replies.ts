import handler from 'iovalkey/built/DataHandler.js';

/** What is used of the handler of iovalkey, of which there is one for each connection. */
interface Replies {
  readonly redis: {
    readonly commandQueue: { peekFront(): { readonly command: { reject(error: Error): void } } | undefined };
    recoverFromFatalError(ofCommands: Error, error: Error, which: { readonly offlineQueue: boolean }): void;
  };
  returnReply(reply: unknown): void;
}

/**
 * An answer of another kind than iovalkey expects lets its handler throw from an event of the socket, for example `$-1` to `SUBSCRIBE`: that would end the
 * process. It ends the connection instead, as what is no answer at all does. A Cluster has connections that only iovalkey knows, so this is of the
 * class.
 */
export function endOnUnreadableReplies(): void {
  if (isDone) return;
  isDone = true;
  // Loaders and bundlers differ in what the default of a CommonJS module is.
  const found: unknown = (handler as Partial<typeof handler>).default ?? handler;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the class, of which the types have these members as private ones
  const { prototype: replies } = found as { readonly prototype: Replies };
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its own `this`
  const { returnReply } = replies;
  replies.returnReply = function endOnUnreadable(this: Replies, reply: unknown): void {
    const first = this.redis.commandQueue.peekFront();
    try {
      returnReply.call(this, reply);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const error = new Error(`its answer is not one to what was asked (${why})`, { cause });
      // It may have been taken out of the queue, all of which is ended next.
      first?.command.reject(error);
      this.redis.recoverFromFatalError(error, error, { offlineQueue: false });
    }
  };
}

let isDone = false;
