import { INPUT_LENGTH } from './calls.ts';
import type { OpenSsl } from './calls.ts';

/** An engine, as the channel knows it. */
export interface ChannelUser {
  /** Received bytes that OpenSSL has not read yet, and that another user must not read. */
  keepInput(bytes: Buffer): void;
  /** Bytes to be sent that nobody took before another user came. */
  keepOutput(bytes: Buffer): void;
}

/**
 * The one input and the one output of OpenSSL, which all engines use in turns, so that a connection that waits has no memory in
 * them. What a user left in them when another one comes is kept by the former.
 */
export class Channel {
  readonly calls: OpenSsl;
  #user: ChannelUser | undefined = undefined;

  constructor(calls: OpenSsl) {
    this.calls = calls;
  }

  /** To be called before every call of OpenSSL about the connection of `user`. */
  enter(user: ChannelUser): void {
    if (this.#user !== user) this.#change(user);
  }

  /** Whether there is something in the input for `user`. */
  hasInput(user: ChannelUser): boolean {
    return this.#user === user && this.calls.inputLength > 0;
  }

  /** Keeps what is in the output for the user, so that there is room. */
  makeRoom(): void {
    const { calls } = this;
    const length = calls.takeOutput();
    if (length > 0) this.#user?.keepOutput(Buffer.from(calls.output.subarray(0, length)));
  }

  /** Forgets a user that is gone, and what it left. */
  leave(user: ChannelUser): void {
    if (this.#user !== user) return;
    if (this.calls.inputLength > 0) this.calls.takeInput();
    this.calls.takeOutput();
    this.#user = undefined;
  }

  /** Moves as much of `bytes[start..end)` to the empty input as it takes: where the rest begins. */
  fill(bytes: Uint8Array, start: number, end: number): number {
    const to = Math.min(end, start + INPUT_LENGTH);
    if (to > start) this.calls.setInput(bytes, start, to);
    return to;
  }

  #change(user: ChannelUser): void {
    const { calls } = this;
    if (calls.inputLength > 0) this.#user?.keepInput(calls.takeInput());
    this.makeRoom();
    this.#user = user;
  }
}
