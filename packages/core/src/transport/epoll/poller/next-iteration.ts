import { AsyncLocalStorage } from 'node:async_hooks';

/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

/** Iterations run without an asynchronous context, because they would have that of the first connection's opener. */
const withoutContext = AsyncLocalStorage.snapshot();

/**
 * The next iteration of a poller: an immediate of Node's loop, because continuations of promises then follow at once.
 *
 * - While descriptors are watched there always is one that is not referenced. It does not keep the loop from waiting; an event of
 *   the epoll set ends the wait, and no callback is needed for that (docs/adr/0016-iterations-without-callbacks.md).
 * - When it is *scheduled* it is referenced, so that it comes without an event.
 */
export class NextIteration {
  readonly #run: () => void;
  #immediate: NodeJS.Immediate | undefined = undefined;
  #isScheduled = false;

  constructor(run: () => void) {
    this.#run = run;
  }

  /** A descriptor is watched. */
  expect(): void {
    this.#immediate ??= this.#first().unref();
  }

  /** Has the next iteration come without waiting for an event. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (this.#immediate === undefined) this.#immediate = this.#first();
    else this.#immediate.ref();
  }

  /** The iteration begins, and there is another one if descriptors are watched. */
  begin(isWatching: boolean): void {
    this.#isScheduled = false;
    this.#immediate = isWatching ? nextIteration(this.#run).unref() : undefined;
  }

  /** The first immediate has no context. Later ones are made in it, and so have none either. */
  #first(): NodeJS.Immediate {
    return withoutContext(nextIteration, this.#run);
  }
}
