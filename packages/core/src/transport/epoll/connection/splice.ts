import { EAGAIN, EINTR } from '../system/errno-names.ts';
import type { PipePool } from '../poller/pipe-pool.ts';
import type { Pipe, System } from '../system/system.ts';

/** How carrying went on: what the connection that it belongs to has to do about it. */
export type Progress =
  /** There is more to carry, in the next turn. */
  | { readonly state: 'more' }
  /** The sender has nothing more for now. */
  | { readonly state: 'empty' }
  /** The receiver has no room for now. */
  | { readonly state: 'blocked' }
  /** No pipe is to be had: octets have to be copied. */
  | { readonly state: 'no-pipe' }
  /** The sender has finished, and all of it has arrived. */
  | { readonly state: 'ended' }
  /** As much as was asked for has arrived. */
  | { readonly state: 'done' }
  | { readonly state: 'failed'; readonly side: 'sender' | 'receiver'; readonly errno: number };

/** Octets after which others have their turn, and the times that a sender is asked at most until then. */
const ENOUGH = 768 * 1024;
const MOST_TIMES = 8;

const MORE: Progress = { state: 'more' };
const EMPTY: Progress = { state: 'empty' };
const BLOCKED: Progress = { state: 'blocked' };
const NO_PIPE: Progress = { state: 'no-pipe' };
const ENDED: Progress = { state: 'ended' };
const DONE: Progress = { state: 'done' };

/** Moves octets from one socket to another within the kernel, through a pipe (splice(2)), without copying them. */
export class Carrier<Receiver = unknown> {
  readonly receiver: Receiver;
  /** The receiver has no room, and its next event will tell when it has. */
  blocked = false;
  readonly #system: System;
  readonly #pipes: PipePool;
  #pipe: Pipe | undefined = undefined;
  /** Octets in the pipe. */
  #held = 0;
  /** Octets that the sender is still to be asked for. */
  #left: number;
  #closed = false;
  /** What the last `carry` brought to the receiver. */
  carried = 0;

  constructor(receiver: Receiver, system: System, pipes: PipePool, octets = Infinity) {
    this.receiver = receiver;
    this.#system = system;
    this.#pipes = pipes;
    this.#left = octets;
    pipes.join();
  }

  /** Octets that have left the sender and not reached the receiver. */
  get held(): number {
    return this.#held;
  }

  /** Whether it ends after some octets, after which the sender's owner gets the rest. */
  get bounded(): boolean {
    return this.#left !== Infinity;
  }

  /**
   * Carries until there is no more for now, or about one pipe's worth was; without `take`, only what is on its way
   * already. A sender that is slower than we are has a part of it ready each time: to ask it again costs less than to be
   * told.
   */
  carry(sender: number, receiver: number, take: boolean): Progress {
    this.carried = 0;
    let progress = this.#carry(sender, receiver, take);
    for (let times = 1; times < MOST_TIMES && progress === MORE && this.carried < ENOUGH; times += 1) {
      progress = this.#carry(sender, receiver, take);
    }
    this.#letGo();
    return progress;
  }

  /** Drops what is on its way; carries no more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pipe !== undefined) this.#pipes.discard(this.#pipe);
    this.#pipe = undefined;
    this.#held = 0;
    this.#pipes.leave();
  }

  #carry(sender: number, receiver: number, take: boolean): Progress {
    const blocked = this.#push(receiver);
    if (blocked !== undefined) return blocked;
    if (this.#left === 0) return DONE;
    if (!take) return EMPTY;
    const pipe = (this.#pipe ??= this.#pipes.take());
    if (pipe === undefined) return NO_PIPE;
    const taken = this.#system.move(sender, pipe.write, Math.min(pipe.length, this.#left));
    if (taken === 0) return ENDED;
    if (taken > 0) {
      this.#held = taken;
      this.#left -= taken;
      return this.#push(receiver) ?? (this.#left === 0 ? DONE : MORE);
    }
    if (taken === -EINTR) return MORE;
    return taken === -EAGAIN ? EMPTY : { state: 'failed', side: 'sender', errno: -taken };
  }

  /** Until the pipe is empty, or the receiver takes nothing more: then its next event is certain to come. */
  #push(receiver: number): Progress | undefined {
    const pipe = this.#pipe;
    if (pipe === undefined) return undefined;
    while (this.#held > 0) {
      const moved = this.#system.move(pipe.read, receiver, this.#held);
      if (moved > 0) {
        this.#held -= moved;
        this.carried += moved;
      } else if (moved === -EAGAIN) return BLOCKED;
      else if (moved === -EINTR) return MORE;
      else return { state: 'failed', side: 'receiver', errno: -moved };
    }
    return undefined;
  }

  #letGo(): void {
    if (this.#pipe === undefined || this.#held > 0) return;
    this.#pipes.give(this.#pipe);
    this.#pipe = undefined;
  }
}
