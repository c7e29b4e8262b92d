import type { ContextPointer, OpenSsl, Side } from './calls.ts';
import type { Channel } from './channel.ts';

/**
 * Owns an `SSL_CTX`, which is freed when `release` was called and the last engine is gone. OpenSSL counts, too, but tickets and
 * sessions need the context as long as an engine of it is there.
 */
export class SharedContext {
  readonly channel: Channel;
  readonly calls: OpenSsl;
  readonly pointer: ContextPointer;
  readonly #onFree: () => void;
  #engines = 0;
  #isReleased = false;
  #isFreed = false;

  constructor(channel: Channel, side: Side, onFree: () => void = () => {}) {
    this.channel = channel;
    this.calls = channel.calls;
    this.pointer = channel.calls.newContext(side);
    this.#onFree = onFree;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  enter(): void {
    if (this.#isReleased) throw new Error('The TLS context is released.');
    this.#engines++;
  }

  leave(): void {
    this.#engines--;
    this.#freeIfUnused();
  }

  release(): void {
    this.#isReleased = true;
    this.#freeIfUnused();
  }

  #freeIfUnused(): void {
    if (!this.#isReleased || this.#engines > 0 || this.#isFreed) return;
    this.#isFreed = true;
    this.#onFree();
    this.calls.freeContext(this.pointer);
  }
}
