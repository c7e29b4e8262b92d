import type { PipePool } from '../poller/pipe-pool.ts';
import { EAGAIN, EINTR } from '../system/errno-names.ts';
import type { Pipe, System } from '../system/system.ts';

/** What one call of {@link Splice.move} came to. */
export type Progress =
  /** There is more to move, by work of the next iteration. */
  | { readonly state: 'more' }
  /** The sender has nothing more for now. */
  | { readonly state: 'empty' }
  /** The receiver has no room for now. */
  | { readonly state: 'blocked' }
  /** There is no pipe, so bytes have to be copied. */
  | { readonly state: 'no-pipe' }
  /** The sender's end was read, and all that came before it has reached the receiver. */
  | { readonly state: 'ended' }
  /** As many bytes as were asked for have reached the receiver. */
  | { readonly state: 'done' }
  | { readonly state: 'failed'; readonly side: 'sender' | 'receiver'; readonly errno: number };

/** Bytes after which other connections go first, and the times that a sender is asked at most until then. */
const ENOUGH = 768 * 1024;
const MOST_TIMES = 8;

const MORE: Progress = { state: 'more' };
const EMPTY: Progress = { state: 'empty' };
const BLOCKED: Progress = { state: 'blocked' };
const NO_PIPE: Progress = { state: 'no-pipe' };
const ENDED: Progress = { state: 'ended' };
const DONE: Progress = { state: 'done' };

/** Moves bytes from one socket to another within the kernel, through a pipe (splice(2)), without copying them (zero copy). */
export class Splice {
  /** Bytes that the last `move` brought to the receiver. */
  moved = 0;
  /** Bytes that have left the sender and not reached the receiver. */
  inPipe = 0;
  readonly #system: System;
  readonly #pipes: PipePool;
  #pipe: Pipe | undefined = undefined;
  /** Bytes that the sender is still to be asked for. */
  #left: number;
  #closed = false;

  constructor(system: System, pipes: PipePool, bytes: number) {
    this.#system = system;
    this.#pipes = pipes;
    this.#left = bytes;
    pipes.addUser();
  }

  /** Whether it ends after some bytes, after which the sender's owner gets the rest. */
  get bounded(): boolean {
    return this.#left !== Infinity;
  }

  /**
   * Moves bytes until there are no more for now, or about as many as one pipe holds. Without `take` it moves only what is in the
   * pipe. A slow sender has a part of a pipe ready each time, and to ask it again costs less than an event.
   */
  move(sender: number, receiver: number, take: boolean): Progress {
    this.moved = 0;
    let progress = this.#moveOnce(sender, receiver, take);
    for (let times = 1; times < MOST_TIMES && progress === MORE && this.moved < ENOUGH; times += 1) {
      progress = this.#moveOnce(sender, receiver, take);
    }
    this.#releaseEmptyPipe();
    return progress;
  }

  /** Drops what is in the pipe; moves no more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pipe !== undefined) this.#pipes.discard(this.#pipe);
    this.#pipe = undefined;
    this.inPipe = 0;
    this.#pipes.removeUser();
  }

  #moveOnce(sender: number, receiver: number, take: boolean): Progress {
    const stopped = this.#emptyPipe(receiver);
    if (stopped !== undefined) return stopped;
    if (this.#left === 0) return DONE;
    if (!take) return EMPTY;
    const pipe = (this.#pipe ??= this.#pipes.acquire());
    if (pipe === undefined) return NO_PIPE;
    const taken = this.#system.splice(sender, pipe.write, Math.min(pipe.length, this.#left));
    if (taken === 0) return ENDED;
    if (taken > 0) {
      this.inPipe = taken;
      this.#left -= taken;
      return this.#emptyPipe(receiver) ?? (this.#left === 0 ? DONE : MORE);
    }
    if (taken === -EINTR) return MORE;
    return taken === -EAGAIN ? EMPTY : { state: 'failed', side: 'sender', errno: -taken };
  }

  /** Moves bytes until the pipe is empty, or the receiver takes no more: then an event is certain to come when it does. */
  #emptyPipe(receiver: number): Progress | undefined {
    const pipe = this.#pipe;
    if (pipe === undefined) return undefined;
    while (this.inPipe > 0) {
      const moved = this.#system.splice(pipe.read, receiver, this.inPipe);
      if (moved > 0) {
        this.inPipe -= moved;
        this.moved += moved;
      } else if (moved === -EAGAIN) return BLOCKED;
      else if (moved === -EINTR) return MORE;
      else return { state: 'failed', side: 'receiver', errno: -moved };
    }
    return undefined;
  }

  #releaseEmptyPipe(): void {
    if (this.#pipe === undefined || this.inPipe > 0) return;
    this.#pipes.release(this.#pipe);
    this.#pipe = undefined;
  }
}
